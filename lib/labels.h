/*
 * labels: the grouping key, which names a group, in all the forms it has.
 *
 *	struct grouping_key key;
 *	grouping_key_init(&key);
 *	if (grouping_key_set(&key, slice_of("job"), slice_of("backup"), &error) == -1 ||
 *	    grouping_key_set(&key, slice_of("instance"), slice_of("db1"), &error) == -1 ||
 *	    grouping_key_finish(&key, &limits, &error) == -1)
 *		...
 *	puts(key.file.data);	"job=backup,instance=db1.prom"
 *	grouping_key_release(&key);
 *
 * The parsing functions below do the whole of that on an initialised key. A key that is not finished has neither
 * text nor file. Everything in a key lives in its arena and dies with grouping_key_release().
 *
 * What a key may be (nothing else reaches the store): at least the label job, with a value that is not empty; names
 * that match [a-zA-Z_][a-zA-Z0-9_]* and do not start with "__"; values that are UTF-8; within the limits.
 */
#ifndef PGW_LABELS_H
#define PGW_LABELS_H

#include <stdbool.h>
#include <stddef.h>

#include "arena.h"
#include "buffer.h"
#include "error.h"
#include "input_limits.h"
#include "slice.h"
#include "text.h"

/* What /api/v1/metrics of pgw-serve has of a group besides, where a family named labels is in the way of its labels. No
 * family of a plain name has that name. */
#define LABELS_KEY "pgw-labels"

/* A name and its value; whoever holds it says whether the value is in plain or in escaped form. */
struct label {
	struct slice name;
	struct slice value;
};

/* Whether name and value stand in one text, as NAME="VALUE. */
static inline bool label_is_written(const struct label *label)
{
	const char *between = label->name.data + label->name.len;
	return label->value.data == between + 2 && between[0] == '=' && between[1] == '"';
}

/* Whether a name is of those that Prometheus keeps for itself, which start with "__". */
static inline bool label_name_reserved(struct slice name)
{
	return name.len >= 2 && name.data[0] == '_' && name.data[1] == '_';
}

struct grouping_key {
	struct arena arena;
	struct label *labels; /* by name in byte order, plain values; each name once */
	size_t count;
	size_t capacity;
	bool utf8_names;   /* the names may be any UTF-8; the parsing functions take it from the limits */
	struct slice text; /* {job="backup",instance="db1"}: job, then the others by name, escaped; NUL-terminated */
	struct slice file; /* name of the group file, see grouping_key_from_file(); NUL-terminated */
};

void grouping_key_init(struct grouping_key *key);
void grouping_key_release(struct grouping_key *key);

/* Adds a label, both parts copied; one of the same name is replaced. Checks the name, the encoding of the value and
 * that job is not empty. 0, or -1 with ERROR_SYNTAX ("improper label name \"1x\"" as the upstream words it, ...). */
int grouping_key_set(struct grouping_key *key, struct slice name, struct slice value, struct error *error);

/* Checks that job is there and the limits are kept, and makes text and file. 0 or -1. */
int grouping_key_finish(struct grouping_key *key, const struct limits *limits, struct error *error);

/* Copies a finished key into memory of that many bytes, aligned for pointers. The copy lives as long as the memory and
 * has nothing to release. */
size_t grouping_key_size(const struct grouping_key *key);
void grouping_key_copy(struct grouping_key *copy, void *memory, const struct grouping_key *key);

/*
 * From what follows "/metrics" in the path of a URL, already percent-decoded: /job/JOB[/NAME/VALUE]... where job and
 * each NAME may end in @base64 (URL-safe alphabet, padding optional, "=" is the empty value). The upstream's rules and
 * words for errors: the last of two equal names wins, the job segment wins over a label job; a slash after the job
 * alone is fine; "odd number of components in label string \"/a\"", "job name is required", "invalid base64 encoding
 * for label x=\"?\"".
 */
int grouping_key_from_path(
	struct grouping_key *key, struct slice path, const struct limits *limits, struct error *error);

/*
 * From the name of a group file: job=VALUE, then ,NAME=VALUE for the other labels in byte order of their names, then
 * .prom; bytes outside [A-Za-z0-9_.:@+-] of a value are %XX (two upper-case hexadecimal digits). A name of over 200
 * bytes is cut at 160 (not inside an escape), then ~ and 32 hexadecimal digits, the first 128 bits of the SHA-256 of
 * the key's text, then .prom: such a name can't be read back and is ERROR_SYNTAX here. So is every other name than the
 * one that grouping_key_finish() makes for the key: a key has one name.
 */
int grouping_key_from_file(
	struct grouping_key *key, struct slice file, const struct limits *limits, struct error *error);

/* From the text of a key, {job="backup",instance="db1"}, in any order. */
int grouping_key_from_text(
	struct grouping_key *key, struct slice text, const struct limits *limits, struct error *error);

/* Appends the path of the key in a URL, percent-encoded, without "/metrics": /job/backup/instance/db1. Values that a
 * path can't carry (empty, with a slash, "." and "..") go in base64. 0, or -1 with errno. */
int grouping_key_append_path(const struct grouping_key *key, struct buffer *out);

/* The value of a label, plain; data is NULL where the key has none of that name. */
struct slice grouping_key_value(const struct grouping_key *key, const char *name);

/* The key's text for messages on a terminal: control characters are overwritten, and a long one is cut. */
struct quoted grouping_key_show(const struct grouping_key *key);

/* Whether text is [a-zA-Z_][a-zA-Z0-9_]*, the names that Prometheus calls legacy-valid. */
bool label_name_valid(struct slice name);

#endif
