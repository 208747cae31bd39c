/*
 * rejected: the group files that a view leaves out, each logged once.
 */
#ifndef PGW_REJECTED_H
#define PGW_REJECTED_H

#include <stddef.h>
#include <stdint.h>

#include "view.h"

/* Those that were logged. */
struct rejected_files {
	uint64_t *hashes; /* of file and reason, in ascending order */
	size_t count;
	uint64_t serial; /* view_rejected_serial() then */
};

void rejected_files_init(struct rejected_files *rejected);
void rejected_files_release(struct rejected_files *rejected);

/* Logs the files that are left out now and were not before, or for another reason. */
void rejected_files_log(struct rejected_files *rejected, const struct view *view);

#endif
