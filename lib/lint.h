/*
 * lint: advice on the names, units and help texts of metrics.
 *
 *	static void found(void *context, const struct metric_family *family, const char *advice);
 *	lint(&exposition, found, &context, &error);
 *
 * The rules are those of `promtool check metrics`, client_golang's testutil/promlint as of 1.20, and so are the words,
 * by which people look them up. Each piece of advice is given once a family.
 */
#ifndef PGW_LINT_H
#define PGW_LINT_H

#include "error.h"
#include "exposition.h"

typedef void lint_found(void *context, const struct metric_family *family, const char *advice);

/* Calls `found` for all that there is to say, families in their order. 0, or -1 with ERROR_MEMORY. */
int lint(const struct exposition *exposition, lint_found *found, void *context, struct error *error);

#endif
