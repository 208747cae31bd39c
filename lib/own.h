/*
 * own: the gateway's own metric families.
 *
 * Their names and types are reserved: a push may add series to them (the process_* of a client library), but not
 * change their type. The table has upstream's names, so that a push which the upstream refuses is refused here. HELP
 * texts are our own: nothing reads them but people.
 */
#ifndef PGW_OWN_H
#define PGW_OWN_H

#include "exposition.h"

struct own_family {
	const char *name;
	enum metric_type type;
	const char *help;
};

/* The family of that name, or NULL. */
const struct own_family *own_family(struct slice name);

#endif
