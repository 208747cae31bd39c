#include "handlers.h"

#include "exposition.h"
#include "protobuf.h"
#include "request.h"
#include "settings.h"

void handle_ok(struct request *request)
{
	request_answer_fixed(request, MHD_HTTP_OK, ANSWER_OK);
}

void handle_ready(struct request *request)
{
	struct error error;
	if (spool_check_there(&request->service->store.spool, &error) == -1)
		request_answer_text(request, MHD_HTTP_SERVICE_UNAVAILABLE, "%s", error.message);
	else
		handle_ok(request);
}

static void queue_change(struct request *request, enum store_method method, const struct exposition *pushed)
{
	request->change.method = method;
	request->change.key = &request->key;
	request->change.pushed = pushed;
	request->change.unchecked = pushed != NULL && request->service->settings->unchecked;
	request_queue_change(request);
}

static void push(struct request *request, enum store_method method)
{
	struct error error;
	struct slice body = buffer_slice(&request->body);
	const struct limits *limits = &request->service->limits;
	int parsed = request->protobuf ? protobuf_parse(&request->exposition, body, limits, &error)
				       : exposition_parse(&request->exposition, body, limits, &error);
	if (parsed == -1 && error.kind == ERROR_INCONSISTENT) {
		request->refused = error;
		request->change.refused = &request->refused;
	}
	if (parsed == 0 || error.kind == ERROR_INCONSISTENT)
		queue_change(request, method, &request->exposition);
	else if (error.kind != ERROR_SYNTAX)
		request_answer_error(request, &error);
	else
		request_answer_text(request, MHD_HTTP_BAD_REQUEST, "%s format parsing error in %s %u: %s",
			request->protobuf ? "protobuf" : "text", request->protobuf ? "metric family" : "line",
			error.line, error.message);
}

void handle_post(struct request *request)
{
	push(request, STORE_POST);
}

void handle_put(struct request *request)
{
	push(request, STORE_PUT);
}

void handle_delete(struct request *request)
{
	queue_change(request, STORE_DELETE, NULL);
}

void handle_wipe(struct request *request)
{
	struct error error;
	if (service_wipe(request->service, &error) == -1)
		request_answer_error(request, &error);
	else
		request_answer_fixed(request, MHD_HTTP_ACCEPTED, ANSWER_EMPTY);
}

void handle_quit(struct request *request)
{
	if (!request->service->settings->lifecycle) {
		request_answer_bare_text(request, MHD_HTTP_FORBIDDEN, "Lifecycle API is not enabled.");
		return;
	}
	request->service->quit = true;
	request->end_connection = true;
	request_answer_bare_text(request, MHD_HTTP_OK, "Requesting termination... Goodbye!");
}

void handle_quit_read(struct request *request)
{
	request_answer_bare_text(request, MHD_HTTP_METHOD_NOT_ALLOWED, "Only POST or PUT requests allowed.");
}
