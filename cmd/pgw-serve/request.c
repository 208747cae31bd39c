#include "request.h"
#include "clock.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "body_header.h"
#include "counters.h"
#include "path.h"
#include "routes.h"
#include "ttl.h"

/* So much of a body that nobody wants is read, so that the connection can go on. Go's net/http does the same. */
#define DISCARD_MAX (256u << 10)

#define ALLOW_MAX 256

/* So much of a body's announced length is believed. */
#define RESERVE_MAX (1u << 20)

struct request *request_new(
	struct service *service, struct connection *connection, struct MHD_Connection *http, const char *target)
{
	struct request *request = calloc(1, sizeof(*request));
	if (request == NULL)
		return NULL;
	request->service = service;
	request->connection = connection;
	request->http = http;
	buffer_init(&request->path, REQUEST_TARGET_MAX);
	buffer_init(&request->body, service->limits.body);
	grouping_key_init(&request->key);
	exposition_init(&request->exposition);
	request->target = strdup(target);
	if (request->target == NULL) {
		request_free(request);
		return NULL;
	}
	return request;
}

static void release_decompressor(struct request *request)
{
	if (request->decompress != NULL)
		request->service->body_bytes -= decompress_size();
	decompress_free(request->decompress);
	request->decompress = NULL;
}

static void release_body(struct request *request)
{
	exposition_release(&request->exposition);
	exposition_init(&request->exposition);
	request->service->body_bytes -= request->body.capacity;
	buffer_release(&request->body);
	release_decompressor(request);
}

void request_free(struct request *request)
{
	if (request->queued) {
		TAILQ_REMOVE(&request->service->queue, request, next);
		request->service->queued--;
	}
	if (request->response != NULL && !request->response_shared)
		MHD_destroy_response(request->response);
	release_body(request);
	exposition_reader_free(request->reader);
	request->service->answer_bytes -= request->answer_memory;
	grouping_key_release(&request->key);
	buffer_release(&request->path);
	free(request->target);
	free(request);
}

struct slice request_header(struct request *request, const char *name)
{
	const char *value = MHD_lookup_connection_value(request->http, MHD_HEADER_KIND, name);
	return value == NULL ? slice_make(NULL, 0) : slice_of(value);
}

/* Redirects a path that is not in its cleanest form, or without the slash that must end it. */
static bool redirected(struct request *request, struct slice query, const char *method)
{
	struct slice path = buffer_slice(&request->path);
	struct buffer clean;
	buffer_init(&clean, REQUEST_TARGET_MAX + 1);
	int status = path_clean(&clean, path);
	if (status == 0 && route_lacks_slash(request->service->settings, buffer_slice(&clean)))
		status = buffer_append_byte(&clean, '/');
	if (status == -1)
		request_answer(request, MHD_HTTP_INTERNAL_SERVER_ERROR, 0, NULL);
	else if (!slice_equal(path, buffer_slice(&clean)))
		request_answer_redirect(request, MHD_HTTP_MOVED_PERMANENTLY, method, buffer_slice(&clean), query);
	buffer_release(&clean);
	return request->response != NULL || request->end_connection;
}

/* Redirects a path that would be one of a route if it were written otherwise. */
static bool redirected_to_route(struct request *request, struct slice query, const char *method)
{
	struct buffer fixed;
	bool is_read = strcmp(method, "GET") == 0 || strcmp(method, "HEAD") == 0;
	buffer_init(&fixed, REQUEST_TARGET_MAX + 1);
	if (route_fix(request->service->settings, buffer_slice(&request->path), method, &fixed))
		request_answer_redirect(request, is_read ? MHD_HTTP_MOVED_PERMANENTLY : MHD_HTTP_TEMPORARY_REDIRECT,
			method, buffer_slice(&fixed), query);
	buffer_release(&fixed);
	return request->response != NULL || request->end_connection;
}

/* Answers a request whose path has no handler for its method. */
static void answer_unhandled(struct request *request, const char *method)
{
	struct buffer allow;
	buffer_init(&allow, ALLOW_MAX);
	if (route_allow(request->service->settings, buffer_slice(&request->path), &allow) == -1 ||
		buffer_append_byte(&allow, '\0') == -1) {
		request_answer(request, MHD_HTTP_INTERNAL_SERVER_ERROR, 0, NULL);
	} else if (*allow.data == '\0') {
		request_answer_text(request, MHD_HTTP_NOT_FOUND, "404 page not found");
	} else if (strcmp(method, "OPTIONS") == 0) {
		request_answer_empty(request, MHD_HTTP_OK, MHD_HTTP_HEADER_ALLOW, allow.data);
	} else {
		request_answer_text(request, MHD_HTTP_METHOD_NOT_ALLOWED, "Method Not Allowed");
		request_add_header(request, MHD_HTTP_HEADER_ALLOW, allow.data);
	}
	buffer_release(&allow);
}

/* Finds route and handler, or answers. */
static void find_handler(struct request *request, const char *method)
{
	struct slice encoded, query;
	if (strcmp(request->target, "*") == 0 && strcmp(method, "OPTIONS") == 0) {
		request_answer_fixed(request, MHD_HTTP_OK, ANSWER_EMPTY);
		return;
	}
	if (path_split(slice_of(request->target), &encoded, &query) == -1 ||
		path_decode(&request->path, encoded) == -1) {
		request_answer_text(request, MHD_HTTP_BAD_REQUEST, "%s",
			errno == EINVAL ? "invalid path or percent-encoding in the URL" : strerror(errno));
		return;
	}
	if (redirected(request, query, method))
		return;
	request->handler =
		route_find(request->service->settings, buffer_slice(&request->path), method, &request->route);
	if (request->handler == NULL && !redirected_to_route(request, query, method))
		answer_unhandled(request, method);
}

static int set_too_large(const struct request *request, struct error *error)
{
	return error_set(error, ERROR_TOO_LARGE, "the body has more than %zu bytes (--limit.body)",
		request->service->limits.body);
}

/* What is left of a body that is too large may be endless. */
static void answer_body_error(struct request *request, const struct error *error)
{
	request->end_connection |= error->kind == ERROR_TOO_LARGE;
	request_answer_error(request, error);
}

static void answer_busy(struct request *request)
{
	request_answer_text(request, MHD_HTTP_SERVICE_UNAVAILABLE, "too much is being pushed at a time; try again");
}

/* Makes ready for the body, or answers. */
static void begin_body(struct request *request, const struct body_header *header)
{
	struct service *service = request->service;
	struct error error;
	bool encoded = header->encoding != ENCODING_IDENTITY;
	size_t decompressor = encoded ? decompress_size() : 0;
	size_t reserve = header->length < RESERVE_MAX ? (size_t)header->length : RESERVE_MAX;
	request->protobuf = header->protobuf;
	if (header->unknown_encoding)
		request_answer_text(request, MHD_HTTP_UNSUPPORTED_MEDIA_TYPE, "unsupported Content-Encoding");
	else if (header->length > service->limits.body + (encoded ? DECOMPRESS_OVERHEAD_MAX : 0) &&
		 set_too_large(request, &error) == -1)
		answer_body_error(request, &error);
	else if (service->body_bytes + decompressor > service->body_bytes_max)
		answer_busy(request);
	else if (!encoded)
		buffer_reserve(&request->body, reserve);
	else if ((request->decompress = decompress_new(header->encoding, &error)) == NULL)
		request_answer_error(request, &error);
	service->body_bytes += request->body.capacity + (request->decompress == NULL ? 0 : decompressor);
}

/* The TTL that a push may bring. */
static int read_ttl(struct request *request, struct error *error)
{
	struct slice value = request_header(request, TTL_HEADER);
	if (!request->handler->takes_body || value.data == NULL || ttl_parse(value, &request->change.ttl, error) == 0)
		return 0;
	return error_prefix(error, TTL_HEADER ": ");
}

/* What can be refused by the header alone. A group's key is among it. */
static void check_header(struct request *request, const struct body_header *header, const char *method)
{
	struct service *service = request->service;
	struct error error;
	find_handler(request, method);
	if (request->response != NULL || request->end_connection)
		return;
	if (request->route->kind == ROUTE_GROUP &&
		(grouping_key_from_path(&request->key,
			 route_group_path(service->settings, buffer_slice(&request->path)), &service->limits,
			 &error) == -1 ||
			read_ttl(request, &error) == -1))
		request_answer_error(request, &error);
	else if (request->handler->takes_body)
		begin_body(request, header);
}

/* Counts as the upstream does: what a handler answered, not redirections, 404 and 405. */
static void count_answer(struct request *request)
{
	const struct method_handler *handler = request->handler;
	struct counters *counters = request->service->counters;
	if (handler == NULL || counters == NULL)
		return;
	int64_t now = clock_monotonic();
	if (request->route->kind == ROUTE_TELEMETRY)
		counters_add_scrape(counters, request->status);
	else if (handler->counted != NULL)
		counters_add_request(counters, handler->counted, handler->method, request->status);
	if (handler->takes_body)
		counters_add_push(counters, handler->method, (double)(now - request->began) / 1e9, request->size);
	service_flush_counts(request->service, now / CLOCK_MILLISECOND);
}

static enum MHD_Result send_answer(struct request *request)
{
	if (request->response == NULL)
		return MHD_NO;
	if ((request->end_connection || request->service->closing) && !request->response_shared)
		MHD_add_response_header(request->response, MHD_HTTP_HEADER_CONNECTION, "close");
	request->answered = true;
	count_answer(request);
	return MHD_queue_response(request->http, request->status, request->response);
}

static enum MHD_Result receive_header(struct request *request, const char *method, const char *version)
{
	struct body_header header;
	request->state = REQUEST_BODY;
	request->began = clock_monotonic();
	body_header_read(&header, request->http);
	request->size = strlen(request->target) + strlen(method) + strlen("HTTP/1.1") + header.size;
	const char *fault = body_header_fault(&header);
	if (fault != NULL) {
		request->end_connection = true;
		request_answer_text(
			request, header.endless ? MHD_HTTP_NOT_IMPLEMENTED : MHD_HTTP_BAD_REQUEST, "%s", fault);
	} else if (!header.host && strcmp(version, MHD_HTTP_VERSION_1_1) == 0) {
		request->end_connection = true;
		request_answer_bare_text(
			request, MHD_HTTP_BAD_REQUEST, "400 Bad Request: missing required Host header");
	} else {
		check_header(request, &header, method);
	}
	bool refused = request->response != NULL || request->end_connection;
	bool much_comes = header.continues || fault != NULL || header.length > DISCARD_MAX;
	if (!refused || !much_comes)
		return MHD_YES;
	request->state = REQUEST_WHOLE;
	request->end_connection = true;
	request->connection->linger = true;
	return send_answer(request);
}

/* Appends a piece of the body as it came. 0, or -1 with an error. */
static int append_body(struct request *request, struct slice piece, struct error *error)
{
	if (request->decompress != NULL)
		return decompress_feed(request->decompress, piece, &request->body, error);
	if (buffer_append_slice(&request->body, piece) == 0)
		return 0;
	return errno == EMSGSIZE ? set_too_large(request, error) : error_set_memory(error);
}

static void receive_body(struct request *request, struct slice piece)
{
	struct service *service = request->service;
	struct error error;
	size_t before = request->body.capacity;
	request->size += piece.len;
	if (request->response != NULL || request->end_connection || !request->handler->takes_body)
		return;
	int appended = append_body(request, piece, &error);
	service->body_bytes += request->body.capacity - before;
	if (appended == 0 && service->body_bytes <= service->body_bytes_max)
		return;
	release_body(request);
	if (appended == 0 || error.kind == ERROR_MEMORY)
		answer_busy(request);
	else
		answer_body_error(request, &error);
}

static void finish_body(struct request *request)
{
	struct error error;
	if (request->decompress != NULL && decompress_finish(request->decompress, &error) == -1)
		answer_body_error(request, &error);
	release_decompressor(request);
}

enum MHD_Result request_handle(
	struct request *request, const char *method, const char *version, const char *data, size_t *size)
{
	if (request->state == REQUEST_HEADER)
		return receive_header(request, method, version);
	if (*size > 0) {
		receive_body(request, slice_make(data, *size));
		*size = 0;
		return MHD_YES;
	}
	if (request->state == REQUEST_BODY) {
		request->state = REQUEST_WHOLE;
		if (request->response == NULL && !request->end_connection)
			finish_body(request);
		if (request->response == NULL && !request->end_connection)
			request->handler->handle(request);
	} else if (request->reader != NULL) {
		request->handler->handle(request);
	}
	/* libmicrohttpd asks again in its next turn. Suspending the connection instead would lose the answer to a
	 * client that half-closed: on resuming, the library (0.9.75) reads first, sees the end and closes. */
	return request->queued || request->reader != NULL ? MHD_YES : send_answer(request);
}

void request_queue_change(struct request *request)
{
	TAILQ_INSERT_TAIL(&request->service->queue, request, next);
	request->service->queued++;
	request->queued = true;
}

void request_answer_change(struct request *request)
{
	const struct store_change *change = &request->change;
	request->queued = false;
	release_body(request);
	if (change->failed)
		request_answer_error(request, &change->error);
	else if (change->method == STORE_DELETE || change->unchecked)
		request_answer_fixed(request, MHD_HTTP_ACCEPTED, ANSWER_EMPTY);
	else
		request_answer_fixed(request, MHD_HTTP_OK, ANSWER_EMPTY);
}
