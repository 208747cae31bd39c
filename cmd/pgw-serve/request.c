#include "request.h"

#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

#include "log.h"
#include "path.h"
#include "routes.h"

#define TARGET_MAX 65536
/* Every byte as %XX, three times as long. */
#define LOCATION_MAX (3 * TARGET_MAX)

/* So much of a body that nobody wants is read, so that the connection can go on. Go's net/http does the same. */
#define DISCARD_MAX (256u << 10)

/* So much of a body's announced length is believed. */
#define RESERVE_MAX (1u << 20)

#define RETRY_AFTER "1" /* seconds */

#define SOURCE_SIZE (NI_MAXHOST + NI_MAXSERV + sizeof("[]:"))

/* What the header says about the body. */
struct body_header {
	unsigned long long length; /* 0 where unknown */
	unsigned lengths;	   /* how often it is given */
	bool continues;		   /* Expect: 100-continue */
	bool chunked;
	bool blank;   /* in the name of a header */
	bool endless; /* a Transfer-Encoding that nobody can decode */
	bool encoded; /* a Content-Encoding */
};

struct request *request_new(
	struct service *service, struct connection *connection, struct MHD_Connection *http, const char *target)
{
	struct request *request = calloc(1, sizeof(*request));
	if (request == NULL)
		return NULL;
	request->service = service;
	request->connection = connection;
	request->http = http;
	buffer_init(&request->path, TARGET_MAX);
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

static void release_body(struct request *request)
{
	exposition_release(&request->exposition);
	exposition_init(&request->exposition);
	request->service->body_bytes -= request->body.capacity;
	buffer_release(&request->body);
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
	request->service->answer_bytes -= request->answer_size;
	grouping_key_release(&request->key);
	buffer_release(&request->path);
	free(request->target);
	free(request);
}

void request_answer(struct request *request, unsigned status, size_t size, struct MHD_Response *response)
{
	request->service->answer_bytes += size - request->answer_size;
	request->status = status;
	request->answer_size = size;
	request->response = response;
	request->end_connection |= response == NULL;
}

void request_answer_fixed(struct request *request, unsigned status, enum fixed_answer answer)
{
	request_answer(request, status, 0, request->service->fixed[answer]);
	request->response_shared = true;
}

/* The client's address for the log. */
static void describe_source(struct request *request, char source[SOURCE_SIZE])
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(request->http, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
	const struct sockaddr *address = info == NULL ? NULL : info->client_addr;
	char host[NI_MAXHOST], port[NI_MAXSERV];
	snprintf(source, SOURCE_SIZE, "%s", request->connection->pipes ? "stdin" : "unix");
	if (address == NULL || (address->sa_family != AF_INET && address->sa_family != AF_INET6))
		return;
	bool brackets = address->sa_family == AF_INET6;
	socklen_t size = brackets ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in);
	if (getnameinfo(address, size, host, sizeof(host), port, sizeof(port), NI_NUMERICHOST | NI_NUMERICSERV) == 0)
		snprintf(source, SOURCE_SIZE, "%s%s%s:%s", brackets ? "[" : "", host, brackets ? "]" : "", port);
}

static void log_refusal(struct request *request, unsigned status, const char *reason)
{
	char source[SOURCE_SIZE];
	char status_text[16];
	const char *group = request->key.text.data != NULL ? request->key.text.data : request->target;
	describe_source(request, source);
	snprintf(status_text, sizeof(status_text), "%u", status);
	if (status < 500)
		log_warn("push refused", "source", source, "method", request->handler->method, "group", group, "status",
			status_text, "reason", reason, NULL);
	else
		log_error("push failed", "source", source, "method", request->handler->method, "group", group, "status",
			status_text, "reason", reason, NULL);
}

static struct MHD_Response *text_response(char *text, size_t len)
{
	struct MHD_Response *response = MHD_create_response_from_buffer(len, text, MHD_RESPMEM_MUST_FREE);
	if (response == NULL) {
		free(text);
		return NULL;
	}
	MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, "text/plain; charset=utf-8");
	return response;
}

void request_answer_text(struct request *request, unsigned status, const char *format, ...)
{
	char *text = NULL;
	va_list arguments;
	va_start(arguments, format);
	int len = vasprintf(&text, format, arguments);
	va_end(arguments);
	if (len < 0) {
		request_answer(request, status, 0, NULL);
		return;
	}
	if (status >= 400 && request->handler != NULL && request->route->kind == ROUTE_GROUP)
		log_refusal(request, status, text);
	/* The newline takes the place of the NUL. */
	text[len] = '\n';
	request_answer(request, status, (size_t)len + 1, text_response(text, (size_t)len + 1));
	if (request->response == NULL)
		return;
	if (status >= 400)
		MHD_add_response_header(request->response, "X-Content-Type-Options", "nosniff");
	if (status == MHD_HTTP_SERVICE_UNAVAILABLE)
		MHD_add_response_header(request->response, MHD_HTTP_HEADER_RETRY_AFTER, RETRY_AFTER);
}

void request_answer_error(struct request *request, const struct error *error)
{
	char place[32] = "";
	if (error->line > 0 && strncmp(error->message, "line ", strlen("line ")) != 0)
		snprintf(place, sizeof(place), "line %u: ", error->line);
	request_answer_text(request, error_http_status(error->kind), "%s%s%s",
		error->kind == ERROR_INCONSISTENT ? "pushed metrics are invalid or inconsistent with existing metrics: "
						  : "",
		place, error->message);
}

static void answer_empty(struct request *request, unsigned status, const char *header, const char *value)
{
	struct MHD_Response *response = MHD_create_response_from_buffer(0, NULL, MHD_RESPMEM_PERSISTENT);
	if (response != NULL)
		MHD_add_response_header(response, header, value);
	request_answer(request, status, 0, response);
}

static void answer_redirect(struct request *request, unsigned status, struct slice path, struct slice query)
{
	struct buffer location;
	buffer_init(&location, LOCATION_MAX);
	if (path_append_location(&location, path, query) == -1 || buffer_append_byte(&location, '\0') == -1)
		request_answer(request, status, 0, NULL);
	else
		answer_empty(request, status, MHD_HTTP_HEADER_LOCATION, location.data);
	buffer_release(&location);
}

static void answer_not_allowed(struct request *request)
{
	request_answer_text(request, MHD_HTTP_METHOD_NOT_ALLOWED, "Method Not Allowed");
	if (request->response != NULL)
		MHD_add_response_header(request->response, MHD_HTTP_HEADER_ALLOW, request->route->allow);
}

/* Redirects a path that is not in its cleanest form. */
static bool redirected(struct request *request, struct slice query, const char *method)
{
	struct slice path = buffer_slice(&request->path);
	struct slice without_slash = slice_make(path.data, path.len - 1);
	struct buffer clean;
	bool is_read = strcmp(method, "GET") == 0 || strcmp(method, "HEAD") == 0;
	buffer_init(&clean, TARGET_MAX);
	if (path_clean(&clean, path) == -1)
		request_answer(request, MHD_HTTP_INTERNAL_SERVER_ERROR, 0, NULL);
	else if (!slice_equal(path, buffer_slice(&clean)))
		answer_redirect(request, MHD_HTTP_MOVED_PERMANENTLY, buffer_slice(&clean), query);
	else if (route_find(path) == NULL && path.data[path.len - 1] == '/' && route_find(without_slash) != NULL)
		answer_redirect(request, is_read ? MHD_HTTP_MOVED_PERMANENTLY : MHD_HTTP_TEMPORARY_REDIRECT,
			without_slash, query);
	buffer_release(&clean);
	return request->response != NULL || request->end_connection;
}

/* Finds route and handler, or answers. */
static void find_handler(struct request *request, const char *method)
{
	struct slice encoded, query;
	path_split(slice_of(request->target), &encoded, &query);
	if (path_decode(&request->path, encoded) == -1) {
		request_answer_text(request, MHD_HTTP_BAD_REQUEST, "%s",
			errno == EINVAL ? "invalid path or percent-encoding in the URL" : strerror(errno));
		return;
	}
	if (redirected(request, query, method))
		return;
	request->route = route_find(buffer_slice(&request->path));
	if (request->route == NULL) {
		request_answer_text(request, MHD_HTTP_NOT_FOUND, "404 page not found");
		return;
	}
	if (strcmp(method, "OPTIONS") == 0) {
		answer_empty(request, MHD_HTTP_OK, MHD_HTTP_HEADER_ALLOW, request->route->allow);
		return;
	}
	request->handler = route_handler(request->route, method);
	if (request->handler == NULL)
		answer_not_allowed(request);
}

static enum MHD_Result read_body_header(void *context, enum MHD_ValueKind kind, const char *name, const char *value)
{
	struct body_header *header = context;
	if (value == NULL)
		value = "";
	/* A blank before the colon hides a header from some parsers and not from others (RFC 9112, section 5.1). */
	header->blank |= strpbrk(name, " \t") != NULL;
	if (strcasecmp(name, MHD_HTTP_HEADER_CONTENT_LENGTH) == 0) {
		header->length = strtoull(value, NULL, 10);
		header->lengths++;
	} else if (strcasecmp(name, MHD_HTTP_HEADER_TRANSFER_ENCODING) == 0) {
		header->endless |= strcasecmp(value, "chunked") != 0;
		header->chunked = true;
	} else if (strcasecmp(name, MHD_HTTP_HEADER_CONTENT_ENCODING) == 0) {
		header->encoded |= *value != '\0' && strcasecmp(value, "identity") != 0;
	} else if (strcasecmp(name, MHD_HTTP_HEADER_EXPECT) == 0) {
		header->continues = true;
	}
	return MHD_YES;
}

/* What makes the end of a body uncertain, so that a proxy in front may see another request than we do. NULL for none.
 */
static const char *framing_fault(const struct body_header *header)
{
	if (header->endless)
		return "unsupported Transfer-Encoding";
	if (header->lengths > 1)
		return "more than one Content-Length";
	if (header->chunked && header->lengths > 0)
		return "both Content-Length and Transfer-Encoding";
	return header->blank ? "blank in the name of a header" : NULL;
}

static void answer_too_large(struct request *request)
{
	request->end_connection = true;
	request_answer_text(request, MHD_HTTP_CONTENT_TOO_LARGE, "the body has more than %zu bytes (--limit.body)",
		request->service->limits.body);
}

static void answer_busy(struct request *request)
{
	request_answer_text(request, MHD_HTTP_SERVICE_UNAVAILABLE, "too much is being pushed at a time; try again");
}

/* What can be refused by the header alone. A group's key is among it. */
static void check_header(struct request *request, const struct body_header *header, const char *method)
{
	struct service *service = request->service;
	struct error error;
	find_handler(request, method);
	if (request->response != NULL || request->end_connection)
		return;
	if (request->route->kind == ROUTE_GROUP) {
		struct slice path = buffer_slice(&request->path);
		size_t skipped = strlen(ROUTES_METRICS);
		if (grouping_key_from_path(&request->key, slice_make(path.data + skipped, path.len - skipped),
			    &service->limits, &error) == -1) {
			request_answer_error(request, &error);
			return;
		}
	}
	if (!request->handler->takes_body)
		return;
	if (header->encoded)
		request_answer_text(request, MHD_HTTP_UNSUPPORTED_MEDIA_TYPE, "unsupported Content-Encoding");
	else if (header->length > service->limits.body)
		answer_too_large(request);
	else if (service->body_bytes > service->body_bytes_max)
		answer_busy(request);
	else
		buffer_reserve(&request->body, header->length < RESERVE_MAX ? (size_t)header->length : RESERVE_MAX);
	service->body_bytes += request->body.capacity;
}

static enum MHD_Result send_answer(struct request *request)
{
	if (request->response == NULL)
		return MHD_NO;
	if ((request->end_connection || request->service->closing) && !request->response_shared)
		MHD_add_response_header(request->response, MHD_HTTP_HEADER_CONNECTION, "close");
	request->answered = true;
	return MHD_queue_response(request->http, request->status, request->response);
}

static enum MHD_Result receive_header(struct request *request, const char *method)
{
	struct body_header header = {0};
	request->state = REQUEST_BODY;
	MHD_get_connection_values(request->http, MHD_HEADER_KIND, read_body_header, &header);
	const char *fault = framing_fault(&header);
	if (fault != NULL) {
		request->end_connection = true;
		request_answer_text(
			request, header.endless ? MHD_HTTP_NOT_IMPLEMENTED : MHD_HTTP_BAD_REQUEST, "%s", fault);
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

static void receive_body(struct request *request, const char *data, size_t size)
{
	struct service *service = request->service;
	size_t before = request->body.capacity;
	if (request->response != NULL || request->end_connection || !request->handler->takes_body)
		return;
	int appended = buffer_append(&request->body, data, size);
	int number = errno;
	service->body_bytes += request->body.capacity - before;
	if (appended == 0 && service->body_bytes <= service->body_bytes_max)
		return;
	release_body(request);
	if (appended == -1 && number == EMSGSIZE)
		answer_too_large(request);
	else
		answer_busy(request);
}

enum MHD_Result request_handle(struct request *request, const char *method, const char *data, size_t *size)
{
	if (request->state == REQUEST_HEADER)
		return receive_header(request, method);
	if (*size > 0) {
		receive_body(request, data, *size);
		*size = 0;
		return MHD_YES;
	}
	if (request->state == REQUEST_BODY) {
		request->state = REQUEST_WHOLE;
		if (request->response == NULL && !request->end_connection)
			request->handler->handle(request);
	}
	/* libmicrohttpd asks again in its next turn. Suspending the connection instead would lose the answer to a
	 * client that half-closed: on resuming, the library (0.9.75) reads first, sees the end and closes. */
	return request->queued ? MHD_YES : send_answer(request);
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
	else if (change->method == STORE_DELETE)
		request_answer_fixed(request, MHD_HTTP_ACCEPTED, ANSWER_DELETED);
	else
		request_answer_fixed(request, MHD_HTTP_OK, ANSWER_PUSHED);
}
