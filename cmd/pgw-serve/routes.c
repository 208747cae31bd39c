#include "routes.h"

#include <stdlib.h>
#include <string.h>

#include "request.h"

#define ANSWER_BYTES_MAX (256u << 20) /* so much may be on its way when another scrape begins */

static void answer_ok(struct request *request)
{
	request_answer_fixed(request, MHD_HTTP_OK, ANSWER_OK);
}

static void answer_index(struct request *request)
{
	request_answer_text(request, MHD_HTTP_OK, "%s",
		"pgw " PGW_VERSION ", a gateway for metrics that are pushed\n"
		"\n"
		"POST    /metrics/job/JOB[/LABEL/VALUE]...  replaces metric families of a group\n"
		"PUT     /metrics/job/JOB[/LABEL/VALUE]...  replaces a group\n"
		"DELETE  /metrics/job/JOB[/LABEL/VALUE]...  deletes a group\n"
		"GET     /metrics                           all groups, for Prometheus\n"
		"GET     /-/healthy, /-/ready");
}

static void answer_scrape(struct request *request)
{
	struct service *service = request->service;
	struct buffer text;
	struct error error;
	struct MHD_Response *response;
	size_t size;
	buffer_init(&text, SIZE_MAX);
	/* Scrapes that nobody reads must not fill the memory. */
	if (service->answer_bytes > ANSWER_BYTES_MAX) {
		request_answer_text(request, MHD_HTTP_SERVICE_UNAVAILABLE, "too many scrapes at a time; try again");
		return;
	}
	if (service_refresh(service, &error) == -1 || scrape_append(service->store.view, &text, &error) == -1) {
		request_answer_error(request, &error);
		goto out;
	}
	size = text.len;
	response = MHD_create_response_from_buffer(size, text.data, MHD_RESPMEM_MUST_FREE);
	if (response != NULL) {
		text.data = NULL;
		MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, SCRAPE_CONTENT_TYPE);
	}
	request_answer(request, MHD_HTTP_OK, size, response);
out:
	buffer_release(&text);
}

static void queue_change(struct request *request, enum store_method method, const struct exposition *pushed)
{
	request->change.method = method;
	request->change.key = &request->key;
	request->change.pushed = pushed;
	request_queue_change(request);
}

static void answer_push(struct request *request, enum store_method method)
{
	struct error error;
	int parsed =
		exposition_parse(&request->exposition, buffer_slice(&request->body), &request->service->limits, &error);
	if (parsed == 0)
		queue_change(request, method, &request->exposition);
	else if (error.kind == ERROR_SYNTAX)
		request_answer_text(request, MHD_HTTP_BAD_REQUEST, "text format parsing error in line %u: %s",
			error.line, error.message);
	else
		request_answer_error(request, &error);
}

static void answer_post(struct request *request)
{
	answer_push(request, STORE_POST);
}

static void answer_put(struct request *request)
{
	answer_push(request, STORE_PUT);
}

static void answer_delete(struct request *request)
{
	queue_change(request, STORE_DELETE, NULL);
}

static const struct method_handler index_methods[] = {
	{"GET", false, answer_index}, {"HEAD", false, answer_index}, {NULL, false, NULL}};
static const struct method_handler ok_methods[] = {
	{"GET", false, answer_ok}, {"HEAD", false, answer_ok}, {NULL, false, NULL}};
static const struct method_handler scrape_methods[] = {
	{"GET", false, answer_scrape}, {"HEAD", false, answer_scrape}, {NULL, false, NULL}};
static const struct method_handler group_methods[] = {
	{"POST", true, answer_post}, {"PUT", true, answer_put}, {"DELETE", false, answer_delete}, {NULL, false, NULL}};

static const struct route routes[] = {
	{ROUTES_METRICS "/job/", ROUTE_GROUP, group_methods, "DELETE, OPTIONS, POST, PUT"},
	{ROUTES_METRICS "/job@base64/", ROUTE_GROUP, group_methods, "DELETE, OPTIONS, POST, PUT"},
	{ROUTES_METRICS, ROUTE_EXACT, scrape_methods, "GET, HEAD, OPTIONS"},
	{"/-/healthy", ROUTE_EXACT, ok_methods, "GET, HEAD, OPTIONS"},
	{"/-/ready", ROUTE_EXACT, ok_methods, "GET, HEAD, OPTIONS"},
	{"/", ROUTE_EXACT, index_methods, "GET, HEAD, OPTIONS"},
};

const struct route *route_find(struct slice path)
{
	for (size_t i = 0; i < sizeof(routes) / sizeof(routes[0]); i++) {
		struct slice pattern = slice_of(routes[i].path);
		bool below = routes[i].kind == ROUTE_GROUP && slice_has_prefix(path, pattern);
		if (below || slice_equal(path, pattern))
			return &routes[i];
	}
	return NULL;
}

const struct method_handler *route_handler(const struct route *route, const char *method)
{
	for (const struct method_handler *handler = route->methods; handler->method != NULL; handler++)
		if (strcmp(handler->method, method) == 0)
			return handler;
	return NULL;
}
