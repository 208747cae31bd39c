/*
 * exposition_gauge: single gauges in an exposition that is parsed already.
 */
#ifndef PGW_EXPOSITION_GAUGE_H
#define PGW_EXPOSITION_GAUGE_H

#include "exposition.h"

/* Gives the exposition a family of one gauge without labels, in the place of one that has the name. The strings must
 * outlive the exposition. 0, or -1 with ERROR_MEMORY and the exposition as it was. */
int exposition_set_gauge(
	struct exposition *exposition, const char *name, const char *help, double value, struct error *error);

#endif
