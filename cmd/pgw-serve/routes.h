/*
 * routes: which request is for whom.
 */
#ifndef PGW_ROUTES_H
#define PGW_ROUTES_H

#include <stdbool.h>

#include "slice.h"

/* Where all groups are, and each below it: what follows is the path of its key. */
#define ROUTES_METRICS "/metrics"

struct request;

enum route_kind {
	ROUTE_EXACT,
	ROUTE_GROUP, /* everything below the path, which ends in a slash; the path names a group */
};

struct route {
	const char *path;
	enum route_kind kind;
	const struct method_handler *methods;
	const char *allow; /* the value of Allow: */
};

struct method_handler {
	const char *method;
	bool takes_body;
	void (*handle)(struct request *request); /* called when the request is whole */
};

/* The route of a decoded path, or NULL. */
const struct route *route_find(struct slice path);

/* The handler of a method on a route, or NULL. */
const struct method_handler *route_handler(const struct route *route, const char *method);

#endif
