/*
 * routes: which request is for whom.
 *
 * The table is the upstream's (main.go and api/v1/api.go of release 1.11), with HEAD where GET is. All paths are below
 * --web.route-prefix.
 */
#ifndef PGW_ROUTES_H
#define PGW_ROUTES_H

#include <stdbool.h>

#include "buffer.h"
#include "settings.h"
#include "slice.h"

struct request;

enum route_kind {
	ROUTE_EXACT,
	ROUTE_GROUP,	 /* everything below the path, which ends in a slash; the path names a group */
	ROUTE_TELEMETRY, /* --web.telemetry-path */
	ROUTE_API,	 /* as ROUTE_EXACT, but matched by the letter */
	ROUTE_API_ADMIN, /* the same, with --web.enable-admin-api */
	ROUTE_API_REST,	 /* everything below the path */
};

struct route {
	const char *path;
	enum route_kind kind;
	const struct method_handler *methods;
	const char *allow; /* the value of Allow; NULL where other methods get 404 */
};

struct method_handler {
	const char *method;
	bool takes_body;
	void (*handle)(struct request *request); /* called when the request is whole */
	const char *counted;			 /* its name in pushgateway_http_requests_total; NULL: not there */
};

/* The route of a decoded path, or NULL. */
const struct route *route_find(const struct settings *settings, struct slice path);

/* The handler of a method on a route, or NULL. */
const struct method_handler *route_handler(const struct route *route, const char *method);

/* What follows "/metrics" in the path of a ROUTE_GROUP. */
struct slice route_group_path(const struct settings *settings, struct slice path);

/* Whether the path is that of a tree but for the slash at its end. */
bool route_lacks_slash(const struct settings *settings, struct slice path);

/* Appends the path of a route with that method which differs from the given one by a slash at its end or in upper and
 * lower case only, as httprouter has it (its flags RedirectTrailingSlash and RedirectFixedPath). False where there is
 * none, or no memory. */
bool route_fix(const struct settings *settings, struct slice path, const char *method, struct buffer *fixed);

#endif
