/*
 * list: what a command line of pgw-list asks for, and the groups that are listed.
 */
#ifndef PGW_LIST_LIST_H
#define PGW_LIST_LIST_H

#include <stdbool.h>
#include <stdint.h>

#include "destination.h"
#include "error.h"
#include "group_list.h"
#include "options.h"
#include "selection.h"
#include "store.h"

struct list {
	struct options_target target; /* as given */
	struct selection selection;
	const char *sort; /* a column, or NULL */
	bool reverse;
	bool json;
	bool names;
	unsigned watch;	  /* ms; UINT_MAX for the default, 0 for once */
	unsigned timeout; /* ms */
	bool quiet;
	bool verbose;
	bool colours;

	bool has_store; /* an open store; otherwise a gateway */
	struct store store;
	struct destination destination;

	struct group_list groups;
	size_t shown; /* of them the first; the rest are files that are left out */
	int64_t now;  /* of the list, ns since the epoch */
};

/* Asks the spool or the gateway, selects and sorts. 0, or -1 with an error. */
int list_load(struct list *list, struct error *error);

/* json.c: writes the list to standard output. 0, or -1 with ERROR_MEMORY. */
int list_print_json(const struct list *list, struct error *error);

/* watch.c: shows the table again and again, until a signal. 0, or -1 with an error. */
int list_watch(struct list *list, struct error *error);

#endif
