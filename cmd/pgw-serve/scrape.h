/*
 * scrape: the answer to GET /metrics: every group's metrics and the gateway's own.
 */
#ifndef PGW_SCRAPE_H
#define PGW_SCRAPE_H

#include <stddef.h>
#include <stdint.h>

#include "buffer.h"
#include "error.h"
#include "view.h"

#define SCRAPE_CONTENT_TYPE "text/plain; version=0.0.4; charset=utf-8"

/* Appends the exposition of all groups and of the gateway itself. 0 or -1. */
int scrape_append(const struct view *view, struct buffer *out, struct error *error);

/* The group files that are left out and were logged, so that each is logged once. */
struct rejected_files {
	uint64_t *hashes; /* of file and reason, in ascending order */
	size_t count;
};

void rejected_files_init(struct rejected_files *rejected);
void rejected_files_release(struct rejected_files *rejected);

/* Logs the files that are left out now and were not before, or for another reason. */
void rejected_files_log(struct rejected_files *rejected, const struct view *view);

#endif
