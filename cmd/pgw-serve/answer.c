#include "answer.h"

#include <netdb.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "html.h"
#include "log.h"
#include "path.h"
#include "request.h"
#include "routes.h"

/* Every byte as %XX, three times as long. */
#define LOCATION_MAX (3 * REQUEST_TARGET_MAX)
#define LINK_MAX     (6 * LOCATION_MAX)

#define RETRY_AFTER "1" /* seconds */

#define SOURCE_SIZE (NI_MAXHOST + NI_MAXSERV + sizeof("[]:"))

#define TEXT_TYPE "text/plain; charset=utf-8"

/* Such an answer goes out in pieces of so many bytes, copied from many places: in the cache of a processor, and a push
 * that comes meanwhile waits for one of them at most. */
#define READER_BLOCK (256u << 10)

void request_expect_answer(struct request *request, size_t memory)
{
	request->service->answer_bytes += memory - request->answer_memory;
	request->answer_memory = memory;
}

/* `memory` is what the answer alone keeps in memory. */
static void give_answer(
	struct request *request, unsigned status, size_t size, size_t memory, struct MHD_Response *response)
{
	request_expect_answer(request, memory);
	request->status = status;
	request->answer_size = size;
	request->response = response;
	request->end_connection |= response == NULL;
}

void request_answer(struct request *request, unsigned status, size_t size, struct MHD_Response *response)
{
	give_answer(request, status, size, size, response);
}

void request_answer_fixed(struct request *request, unsigned status, enum fixed_answer answer)
{
	request_answer(request, status, 0, request->service->fixed[answer]);
	request->response_shared = true;
}

void request_add_header(struct request *request, const char *name, const char *value)
{
	if (request->response != NULL)
		MHD_add_response_header(request->response, name, value);
}

void request_answer_buffer(struct request *request, unsigned status, const char *content_type, struct buffer *body)
{
	size_t size = body->len;
	char *data = buffer_detach(body);
	struct MHD_Response *response = MHD_create_response_from_buffer(size, data, MHD_RESPMEM_MUST_FREE);
	if (response == NULL)
		free(data);
	request_answer(request, status, size, response);
	request_add_header(request, MHD_HTTP_HEADER_CONTENT_TYPE, content_type);
}

static ssize_t read_block(void *context, uint64_t position, char *data, size_t size)
{
	return (ssize_t)exposition_reader_read(context, data, size);
}

static void free_reader(void *context)
{
	exposition_reader_free(context);
}

void request_answer_reader(
	struct request *request, unsigned status, const char *content_type, struct exposition_reader *reader)
{
	size_t size = exposition_reader_size(reader), memory = READER_BLOCK + exposition_reader_memory(reader);
	struct MHD_Response *response =
		MHD_create_response_from_callback(size, READER_BLOCK, read_block, reader, free_reader);
	if (response == NULL)
		exposition_reader_free(reader);
	give_answer(request, status, size, memory, response);
	request_add_header(request, MHD_HTTP_HEADER_CONTENT_TYPE, content_type);
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
	struct buffer body = {.data = text, .len = (size_t)len + 1, .capacity = (size_t)len + 1, .max = SIZE_MAX};
	request_answer_buffer(request, status, TEXT_TYPE, &body);
	if (status >= 400)
		request_add_header(request, "X-Content-Type-Options", "nosniff");
	if (status == MHD_HTTP_SERVICE_UNAVAILABLE)
		request_add_header(request, MHD_HTTP_HEADER_RETRY_AFTER, RETRY_AFTER);
}

void request_answer_bare_text(struct request *request, unsigned status, const char *text)
{
	struct MHD_Response *response =
		MHD_create_response_from_buffer(strlen(text), (void *)text, MHD_RESPMEM_MUST_COPY);
	request_answer(request, status, strlen(text), response);
	request_add_header(request, MHD_HTTP_HEADER_CONTENT_TYPE, TEXT_TYPE);
}

void request_answer_error(struct request *request, const struct error *error)
{
	char place[48] = "";
	if (error->line > 0 && strncmp(error->message, "line ", strlen("line ")) != 0)
		snprintf(place, sizeof(place), "%s %u: ", request->protobuf ? "metric family" : "line", error->line);
	request_answer_text(request, error_http_status(error->kind), "%s%s%s",
		error->kind == ERROR_INCONSISTENT ? "pushed metrics are invalid or inconsistent with existing metrics: "
						  : "",
		place, error->message);
}

void request_answer_empty(struct request *request, unsigned status, const char *header, const char *value)
{
	request_answer(request, status, 0, MHD_create_response_from_buffer(0, NULL, MHD_RESPMEM_PERSISTENT));
	if (header != NULL)
		request_add_header(request, header, value);
}

static int append_link(struct buffer *page, const char *location, const char *title)
{
	struct html html;
	html_init(&html, page);
	html_markup(&html, "<a href=\"");
	html_text(&html, slice_of(location));
	html_markup(&html, "\">");
	html_text(&html, slice_of(title));
	html_markup(&html, "</a>.\n\n");
	return html_finish(&html);
}

void request_answer_redirect(
	struct request *request, unsigned status, const char *method, struct slice path, struct slice query)
{
	struct buffer location, page;
	bool is_read = strcmp(method, "GET") == 0 || strcmp(method, "HEAD") == 0;
	buffer_init(&location, LOCATION_MAX);
	buffer_init(&page, LINK_MAX);
	if (path_append_location(&location, path, query) == -1 || buffer_append_byte(&location, '\0') == -1 ||
		(is_read && append_link(&page, location.data, "Moved Permanently") == -1)) {
		request_answer(request, status, 0, NULL);
	} else if (is_read) {
		request_answer_buffer(request, status, "text/html; charset=utf-8", &page);
		request_add_header(request, MHD_HTTP_HEADER_LOCATION, location.data);
	} else {
		request_answer_empty(request, status, MHD_HTTP_HEADER_LOCATION, location.data);
	}
	buffer_release(&page);
	buffer_release(&location);
}
