#include "routes.h"

#include <string.h>
#include <strings.h>

#include "api.h"
#include "handlers.h"
#include "page.h"
#include "scrape.h"
#include "text.h"

#define METRICS "/metrics"
#define API	"/api/v1"
#define NO_METHOD                                                                                                      \
	{                                                                                                              \
		NULL, false, NULL, NULL                                                                                \
	}

#define GET_HEAD(handle, counted)                                                                                      \
	{"GET", false, handle, counted},                                                                               \
	{                                                                                                              \
		"HEAD", false, handle, counted                                                                         \
	}

static const struct method_handler groups_methods[] = {GET_HEAD(page_handle_groups, "status"), NO_METHOD};
static const struct method_handler status_methods[] = {GET_HEAD(page_handle_status, "status"), NO_METHOD};
static const struct method_handler healthy_methods[] = {GET_HEAD(handle_ok, "healthy"), NO_METHOD};
static const struct method_handler ready_methods[] = {GET_HEAD(handle_ready, "ready"), NO_METHOD};
static const struct method_handler telemetry_methods[] = {GET_HEAD(handle_scrape, NULL), NO_METHOD};
static const struct method_handler group_methods[] = {
	{"POST", true, handle_post, "push"},
	{"PUT", true, handle_put, "push"},
	{"DELETE", false, handle_delete, "delete"},
	NO_METHOD,
};
static const struct method_handler quit_read_methods[] = {{"GET", false, handle_quit_read, NULL}, NO_METHOD};
static const struct method_handler quit_methods[] = {
	{"POST", false, handle_quit, NULL},
	{"PUT", false, handle_quit, NULL},
	NO_METHOD,
};

#define API_OPTIONS                                                                                                    \
	{                                                                                                              \
		"OPTIONS", false, api_handle_options, "api/v1/options"                                                 \
	}

static const struct method_handler api_metrics_methods[] = {
	GET_HEAD(api_handle_metrics, "api/v1/metrics"), API_OPTIONS, NO_METHOD};
static const struct method_handler api_status_methods[] = {
	GET_HEAD(api_handle_status, "api/v1/status"), API_OPTIONS, NO_METHOD};
static const struct method_handler api_wipe_methods[] = {{"PUT", false, handle_wipe, "wipe"}, API_OPTIONS, NO_METHOD};
static const struct method_handler api_rest_methods[] = {API_OPTIONS, NO_METHOD};

static const struct route routes[] = {
	{METRICS "/job/", ROUTE_GROUP, group_methods},
	{METRICS "/job@base64/", ROUTE_GROUP, group_methods},
	{"", ROUTE_TELEMETRY, telemetry_methods},
	{"/-/healthy", ROUTE_EXACT, healthy_methods},
	{"/-/ready", ROUTE_EXACT, ready_methods},
	{"/-/quit", ROUTE_EXACT, quit_methods},
	{"/-/quit", ROUTE_ROOT, quit_read_methods},
	{"/status", ROUTE_EXACT, status_methods},
	{"/", ROUTE_EXACT, groups_methods},
	{API "/metrics", ROUTE_API, api_metrics_methods},
	{API "/status", ROUTE_API, api_status_methods},
	{API "/admin/wipe", ROUTE_API_ADMIN, api_wipe_methods},
	{API "/", ROUTE_API_REST, api_rest_methods},
};

#define ROUTE_COUNT (sizeof(routes) / sizeof(routes[0]))

/* All methods that a route may have. */
static const char *const methods[] = {"DELETE", "GET", "HEAD", "OPTIONS", "POST", "PUT"};

#define METHOD_COUNT (sizeof(methods) / sizeof(methods[0]))

/* Cuts a prefix off; false, and *path as it was, where it is not there. */
static bool cut_prefix(struct slice *path, const char *prefix, bool fold)
{
	size_t len = strlen(prefix);
	if (path->len < len || (fold ? strncasecmp(path->data, prefix, len) : strncmp(path->data, prefix, len)) != 0)
		return false;
	*path = slice_make(path->data + len, path->len - len);
	return true;
}

/* The parts of a route's path as the settings have it. */
static const char *path_start(const struct settings *settings, const struct route *route)
{
	if (route->kind == ROUTE_TELEMETRY)
		return settings->telemetry_path;
	return route->kind == ROUTE_ROOT ? "" : settings->route_prefix;
}

static bool matches(const struct settings *settings, const struct route *route, struct slice path)
{
	if (route->kind == ROUTE_API_ADMIN && !settings->admin_api)
		return false;
	if (!cut_prefix(&path, path_start(settings, route), false) || !cut_prefix(&path, route->path, false))
		return false;
	if (route->kind == ROUTE_GROUP)
		return path.len > 0;
	return route->kind == ROUTE_API_REST || path.len == 0;
}

static const struct method_handler *find_method(const struct route *route, const char *method)
{
	for (const struct method_handler *handler = route->methods; handler->method != NULL; handler++)
		if (strcmp(handler->method, method) == 0)
			return handler;
	return NULL;
}

const struct method_handler *route_find(
	const struct settings *settings, struct slice path, const char *method, const struct route **route)
{
	for (size_t i = 0; i < ROUTE_COUNT; i++) {
		const struct method_handler *handler = find_method(&routes[i], method);
		if (handler == NULL || !matches(settings, &routes[i], path))
			continue;
		*route = &routes[i];
		return handler;
	}
	return NULL;
}

int route_allow(const struct settings *settings, struct slice path, struct buffer *allow)
{
	bool taken[METHOD_COUNT] = {false};
	bool any = false;
	for (size_t i = 0; i < ROUTE_COUNT; i++) {
		if (routes[i].kind == ROUTE_API_REST || !matches(settings, &routes[i], path))
			continue;
		any = true;
		for (size_t m = 0; m < METHOD_COUNT; m++)
			taken[m] |= strcmp(methods[m], "OPTIONS") == 0 || find_method(&routes[i], methods[m]) != NULL;
	}
	const char *separator = "";
	for (size_t m = 0; any && m < METHOD_COUNT; m++) {
		if (!taken[m])
			continue;
		if (buffer_printf(allow, "%s%s", separator, methods[m]) == -1)
			return -1;
		separator = ", ";
	}
	return 0;
}

int routes_check(const struct settings *settings, struct error *error)
{
	struct slice path = slice_of(settings->telemetry_path);
	bool taken = route_lacks_slash(settings, path);
	for (size_t i = 0; i < ROUTE_COUNT; i++)
		taken |= routes[i].kind != ROUTE_TELEMETRY && matches(settings, &routes[i], path) &&
			 (routes[i].kind == ROUTE_API_REST || find_method(&routes[i], "GET") != NULL);
	if (!taken)
		return 0;
	return error_set(error, ERROR_USAGE, "--web.telemetry-path: something else is served at %s", quote(path).text);
}

struct slice route_group_path(const struct settings *settings, struct slice path)
{
	size_t skipped = strlen(settings->route_prefix) + strlen(METRICS);
	return slice_make(path.data + skipped, path.len - skipped);
}

bool route_lacks_slash(const struct settings *settings, struct slice path)
{
	return cut_prefix(&path, settings->route_prefix, false) && slice_is(path, API);
}

/* Whether what is left of a path behind that of a route is nothing but a slash too much. */
static bool is_slash_or_nothing(struct slice rest)
{
	return rest.len == 0 || slice_is(rest, "/");
}

/* How the path should be written for it to be one of the route: a start and a rest, which may be empty. */
static bool fix(const struct settings *settings, const struct route *route, struct slice path, struct slice *end)
{
	bool fold = route->kind != ROUTE_API && route->kind != ROUTE_API_ADMIN;
	struct slice name = slice_of(route->path);
	*end = slice_make(path.data, 0);
	if (!cut_prefix(&path, path_start(settings, route), fold))
		return false;
	/* The root lacks its slash, or a group its job. */
	if (path.len == 0 && slice_is(name, "/"))
		return true;
	if (!cut_prefix(&path, route->path, fold))
		return false;
	if (route->kind != ROUTE_GROUP)
		return is_slash_or_nothing(path);
	*end = path;
	/* The tree of the upstream's router has it so for the plain form alone. */
	return path.len > 0 || slice_is(name, METRICS "/job/");
}

bool route_fix(const struct settings *settings, struct slice path, const char *method, struct buffer *fixed)
{
	for (size_t i = 0; i < ROUTE_COUNT; i++) {
		const struct route *route = &routes[i];
		struct slice name = slice_of(route->path), end;
		if (route->kind == ROUTE_API_REST || (route->kind == ROUTE_API_ADMIN && !settings->admin_api) ||
			find_method(route, method) == NULL || !fix(settings, route, path, &end))
			continue;
		if (route->kind == ROUTE_GROUP && end.len == 0)
			name.len--;
		return buffer_append_string(fixed, path_start(settings, route)) == 0 &&
		       buffer_append_slice(fixed, name) == 0 && buffer_append_slice(fixed, end) == 0;
	}
	return false;
}
