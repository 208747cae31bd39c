/*
 * routes: which request is for whom.
 *
 * The table is the upstream's (main.go and api/v1/api.go of release 1.11), with HEAD where GET is. All paths are below
 * --web.route-prefix but one: GET /-/quit, which tells how to do it, is at the root whatever the prefix is. Where
 * routes of the same path take different methods, each has its own.
 */
#ifndef PGW_ROUTES_H
#define PGW_ROUTES_H

#include <stdbool.h>

#include "buffer.h"
#include "error.h"
#include "settings.h"
#include "slice.h"

struct request;

enum route_kind {
	ROUTE_EXACT,
	ROUTE_ROOT,	 /* the same, without the prefix */
	ROUTE_GROUP,	 /* everything below the path, which ends in a slash; the path names a group */
	ROUTE_TELEMETRY, /* --web.telemetry-path */
	ROUTE_API,	 /* as ROUTE_EXACT, but matched by the letter */
	ROUTE_API_ADMIN, /* the same, with --web.enable-admin-api */
	ROUTE_API_REST,	 /* everything below the path; other methods get 404 */
};

struct route {
	const char *path;
	enum route_kind kind;
	const struct method_handler *methods;
};

struct method_handler {
	const char *method;
	bool takes_body;
	void (*handle)(struct request *request); /* called when the request is whole */
	const char *counted;			 /* its name in pushgateway_http_requests_total; NULL: not there */
};

/* Refuses a --web.telemetry-path that another route needs for itself. 0, or -1 with ERROR_USAGE. */
int routes_check(const struct settings *settings, struct error *error);

/* The handler of a method on a decoded path and, in *route, its route; NULL where there is none. */
const struct method_handler *route_find(
	const struct settings *settings, struct slice path, const char *method, const struct route **route);

/* Appends the methods that a decoded path takes, as the value of Allow; nothing where there is no such path. 0, or -1
 * with errno. */
int route_allow(const struct settings *settings, struct slice path, struct buffer *allow);

/* What follows "/metrics" in the path of a ROUTE_GROUP. */
struct slice route_group_path(const struct settings *settings, struct slice path);

/* Whether the path is that of a tree but for the slash at its end. */
bool route_lacks_slash(const struct settings *settings, struct slice path);

/* Appends the path of a route with that method which differs from the given one by a slash at its end or in upper and
 * lower case only, as httprouter has it (its flags RedirectTrailingSlash and RedirectFixedPath). False where there is
 * none, or no memory. */
bool route_fix(const struct settings *settings, struct slice path, const char *method, struct buffer *fixed);

#endif
