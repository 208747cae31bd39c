/*
 * selector: which groups, by their labels, in the language of PromQL's series selectors.
 *
 *	struct selector selector;
 *	selector_init(&selector);
 *	if (selector_add(&selector, "{job=~\"backup.*\",instance!=\"\"}", &error) == -1 ||
 *	    (matches = selector_match(&selector, &key, &error)) == -1)
 *		...
 *	selector_release(&selector);
 *
 * What is added stands for itself: a group is selected that one of them selects, as with several match[] of
 * Prometheus' API. In one of them, all matchers must match. A matcher is NAME OPERATOR STRING with the operators =, !=,
 * =~ and !~; the last two take a regular expression (pattern.h), which must match all of the value. A label that a
 * group lacks has the empty value. A string stands in double quotes or single ones, with Go's escapes (\a \b \f \n \r
 * \t \v \\ the quote itself, \NNN, \xNN, \uNNNN, \UNNNNNNNN), or in backquotes without any. A name that is not
 * [a-zA-Z_][a-zA-Z0-9_]* stands in quotes. The braces may be left out where there is one matcher at least. What
 * PromQL has besides is refused: a group has no metric name.
 */
#ifndef PGW_SELECTOR_H
#define PGW_SELECTOR_H

#include "arena.h"
#include "buffer.h"
#include "error.h"
#include "labels.h"
#include "slice.h"

/* Bytes of a selector. */
#define SELECTOR_MAX 65536

struct selector_part;

/* One of zeros is empty. */
struct selector {
	struct arena arena;
	struct selector_part *parts;
};

void selector_init(struct selector *selector);
void selector_release(struct selector *selector);

/* Adds one. 0, or -1 with ERROR_USAGE, which quotes it and tells the column (in bytes, from 1), ERROR_UNAVAILABLE where
 * PCRE2 is missing, or ERROR_MEMORY; what was there stays. */
int selector_add(struct selector *selector, const char *text, struct error *error);

static inline bool selector_is_empty(const struct selector *selector)
{
	return selector->parts == NULL;
}

/* 1 where one of them selects the group, 0 where none does, also of none, -1 with the error of pattern_match(). */
int selector_match(const struct selector *selector, const struct grouping_key *key, struct error *error);

/*
 * A key written as the selector of its labels, {job="backup",instance="db1"}: as in key->text, but with control
 * characters as \xNN, so that a terminal can show it and keys can follow each other with a NUL byte between them.
 * selector_read_key() reads it back, into an initialised key, which it finishes; it takes every selector with = alone,
 * each label once. 0, or -1 with errno; 0, or -1 with ERROR_SYNTAX, ERROR_TOO_LARGE or ERROR_MEMORY.
 */
int selector_append_key(struct buffer *out, const struct grouping_key *key);
int selector_read_key(struct grouping_key *key, struct slice text, const struct limits *limits, struct error *error);

#endif
