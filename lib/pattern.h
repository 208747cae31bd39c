/*
 * pattern: regular expressions of users, matched against whole names and label values.
 *
 *	struct pattern *pattern = pattern_new("backup_.*|job_.*", &error);
 *	if (pattern == NULL || (matches = pattern_match(pattern, name, &error)) == -1)
 *		...
 *	pattern_free(pattern);
 *
 * As in Prometheus' matchers, an expression must match all of a text. The language is PCRE2's in UTF-8 mode, of which
 * Prometheus' (RE2) is nearly a part; see "REGULAR EXPRESSIONS" in pgw-push(1) for what differs. An expression may
 * backtrack without end where RE2 would not, so that every match has limits, with an error behind them. There is no
 * compilation to machine code: a pattern of a command line sees too few texts to earn it back. The library is loaded
 * with dlopen(3) by the first pattern_new(): linked, it would add 0.07 ms to each start of a tool that has no pattern.
 */
#ifndef PGW_PATTERN_H
#define PGW_PATTERN_H

#include "error.h"
#include "slice.h"

struct pattern;

/* Bytes of an expression. */
#define PATTERN_MAX 65536

/* Compiles an expression. NULL with ERROR_USAGE, which quotes it and says where it goes wrong (in bytes, from 1),
 * ERROR_UNAVAILABLE where the library is missing, or ERROR_MEMORY. */
struct pattern *pattern_new(const char *expression, struct error *error);
void pattern_free(struct pattern *pattern); /* NULL is fine */

/* 1 where all of the text matches, 0 where not, -1 with ERROR_USAGE where it can't be told: the limits are reached, or
 * the text is not UTF-8; or ERROR_MEMORY. */
int pattern_match(const struct pattern *pattern, struct slice text, struct error *error);

#endif
