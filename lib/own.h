/*
 * own: the gateway's own metric families.
 *
 * Their names and types are reserved: a push may add series to them (the process_* of a client library), but not
 * change their type. The table has upstream's names, so that a push which the upstream refuses is refused here. HELP
 * texts are our own: nothing reads them but people.
 */
#ifndef PGW_OWN_H
#define PGW_OWN_H

#include "buffer.h"
#include "error.h"
#include "exposition.h"

struct own_family {
	const char *name;
	enum metric_type type;
	const char *help;
};

#define OWN_FAMILIES 22

/* All of them by name in byte order. */
extern const struct own_family own_families[OWN_FAMILIES];

/* The family of that name, or NULL. */
const struct own_family *own_family(struct slice name);

/* Where a name stands among them in byte order: 2 i + 1 for own_families[i] itself, 2 i for those before it and after
 * the one before. */
size_t own_place(struct slice name);

#define OWN_PLACES (2 * OWN_FAMILIES + 1)

/*
 * Appends the gateway's part of own_families[which] as text: HELP, TYPE and the samples that `own` has, or just HELP
 * and TYPE where it has none and groups do (`pushed`). `own` has families of the table only, and *next, 0 before the
 * first call, counts those that were appended: to be called for each of the table in order. 0, or -1 with
 * ERROR_MEMORY.
 */
int own_append_family(struct buffer *text, size_t which, const struct exposition *own, uint32_t *next, bool pushed,
	struct error *error);

#endif
