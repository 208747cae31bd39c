/*
 * labels_parts: what labels.c, which makes keys, and labels_parse.c, which reads them, share.
 */
#ifndef PGW_LABELS_PARTS_H
#define PGW_LABELS_PARTS_H

#include "labels.h"

#define FILE_NAME_MAX 200 /* longer ones are cut: file systems allow 255 */

static const struct slice grouping_key_job = SLICE_LITERAL("job");
static const struct slice grouping_key_suffix = SLICE_LITERAL(".prom");

/* As grouping_key_set() checks it. 0 or -1. */
int grouping_key_check_name(struct slice name, bool utf8_names, struct error *error);

/* grouping_key_set() that stops at the limit, so that the input can't make the sorted insertion expensive. */
int grouping_key_add(struct grouping_key *key, struct slice name, struct slice value, const struct limits *limits,
	struct error *error);

/* The order in which every form of a key has its labels: job, then the others by name. 0 is job. */
const struct label *grouping_key_label(const struct grouping_key *key, size_t index);

#endif
