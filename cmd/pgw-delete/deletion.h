/*
 * deletion: what a command line of pgw-delete asks for, and how it goes.
 */
#ifndef PGW_DELETE_DELETION_H
#define PGW_DELETE_DELETION_H

#include <stdbool.h>
#include <stddef.h>

#include "destination.h"
#include "error.h"
#include "group_list.h"
#include "options.h"
#include "selection.h"
#include "store.h"

struct deletion {
	struct options_target target; /* as given */
	struct selection selection;   /* its labels are those of the one group where nothing else is given */
	bool all;
	bool from_stdin;
	bool force;
	bool error_unmatch;
	bool dry_run;
	unsigned timeout; /* ms */
	bool quiet;
	bool verbose;

	/* Where the groups are: an open store with a view that is fresh where groups are selected, or gateways. */
	struct destination destination;
	bool has_store;
	struct store store;

	struct group_list groups; /* those to delete */
	bool named;		  /* each by its whole key; otherwise selected, and there a moment ago */
	size_t matched;		  /* of them, those that were there; for a gateway that wasn't asked, all */
};

/* names.c: adds the groups of the arguments and of standard input. 0, or -1 with ERROR_USAGE for an argument,
 * ERROR_SYNTAX or ERROR_NO_INPUT for standard input. */
int deletion_read_names(struct deletion *deletion, char *arguments[], size_t count, struct error *error);

/* apply.c: deletes the groups. 0, or -1 with the error of the first that failed; others are warned of. */
int deletion_apply(struct deletion *deletion, struct error *error);

#endif
