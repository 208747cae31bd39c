/*
 * file_sd: targets to scrape, from a file in the format of Prometheus's file-based service discovery.
 *
 *	struct file_sd targets;
 *	file_sd_init(&targets);
 *	if (file_sd_read(&targets, "targets.json", &limits, &error) == -1 ||
 *	    file_sd_url(&targets.targets[0], &url, &error) == -1)
 *		...
 *	file_sd_release(&targets);
 *
 * The file is an array of [{"targets": ["HOST:PORT", ...], "labels": {"NAME": "VALUE", ...}}, ...]; only JSON is read.
 * The rules are Prometheus's (discovery/file/file.go, discovery/targetgroup/targetgroup.go, scrape/target.go):
 *
 * - Any other key of a group is an error; upper and lower case of a key are the same; each key and each value may be
 *   null, which is as if it were not there, but a group may not.
 * - The labels of a group are for each of its targets. Those whose names start with "__" say how to scrape:
 *   __scheme__ (http or https, default http), __metrics_path__ (default /metrics, a path without query) and
 *   __param_NAME (a parameter of the query). Others of such names are dropped; so is __address__, as what "targets" has
 *   is the address. All other labels are for the grouping key. A label without a value is none.
 * - An address is HOST or HOST:PORT.
 *
 * Where Prometheus would leave out a single target with a bad address, the whole file is an error here: who reads the
 * file anew keeps the targets that were.
 */
#ifndef PGW_FILE_SD_H
#define PGW_FILE_SD_H

#include <stddef.h>

#include "arena.h"
#include "error.h"
#include "file.h"
#include "input_limits.h"
#include "labels.h"
#include "slice.h"
#include "url.h"

#define FILE_SD_BYTES_MAX   (32u << 20)
#define FILE_SD_VALUES_MAX  2000000 /* 100,000 groups of one target and six labels have half of it */
#define FILE_SD_DEPTH_MAX   16
#define FILE_SD_TARGETS_MAX 100000

/* Everything ends with a NUL and lives in the arena of the file_sd. */
struct file_sd_target {
	struct slice address;	    /* as given: Prometheus's label instance where none is given */
	struct slice scheme;	    /* http or https */
	struct slice path;	    /* percent-encoded, with its slash at the start */
	struct slice query;	    /* NAME=VALUE&..., by name, percent-encoded; may be empty */
	const struct label *labels; /* for the grouping key: by name in byte order, plain values */
	size_t label_count;
};

struct file_sd {
	struct arena arena;
	struct file_sd_target *targets; /* in the order of the file; the same one twice stays so */
	size_t count;
	size_t capacity;
	struct file_id file; /* what file_sd_read() has read */
};

void file_sd_init(struct file_sd *file_sd);
void file_sd_release(struct file_sd *file_sd); /* twice is fine */

/* Adds the targets of a text to an empty file_sd. 0, or -1 with ERROR_SYNTAX (with line and column where it is no JSON,
 * otherwise the message says in which group, counted from 1), ERROR_TOO_LARGE or ERROR_MEMORY; the file_sd is to be
 * released then, too. The names of labels for the grouping key are checked as limits.utf8_names says. */
int file_sd_parse(struct file_sd *file_sd, struct slice text, const struct limits *limits, struct error *error);

/* The same from a file whose name ends in .json. The message has all: "PATH:LINE:COLUMN: ..." or "PATH: ...". Also
 * ERROR_USAGE for another name, and ERROR_NO_INPUT where the file can't be read. */
int file_sd_read(struct file_sd *file_sd, const char *path, const struct limits *limits, struct error *error);

/* What to scrape, SCHEME://ADDRESS/PATH?QUERY, as url_init() gives it; the caller releases it. 0, or -1 with
 * ERROR_USAGE or ERROR_MEMORY. */
int file_sd_url(const struct file_sd_target *target, struct url *url, struct error *error);

#endif
