#include "scrape.h"

#include "compress.h"
#include "encode.h"
#include "log.h"
#include "negotiation.h"
#include "own_metrics.h"
#include "request.h"

/* The gateway's own metrics as text and parsed. */
static int read_own(struct service *service, struct buffer *text, struct exposition *own, struct error *error)
{
	buffer_clear(text);
	if (own_metrics_append(service, text, error) == -1)
		return -1;
	return own_metrics_parse(own, buffer_slice(text), error);
}

/* Appends the exposition of all groups and of the gateway itself. 0 or -1. */
static int append_exposition(
	struct service *service, struct negotiated negotiated, struct buffer *out, struct error *error)
{
	struct buffer text;
	struct exposition own;
	size_t dropped = 0;
	buffer_init(&text, OWN_METRICS_SIZE_MAX);
	exposition_init(&own);
	int result = read_own(service, &text, &own, error);
	if (result == -1 && error->kind != ERROR_MEMORY) {
		/* Somebody wrote nonsense into the file of the counters. */
		log_error("the counters are damaged and start again", "reason", error->message, NULL);
		service_reset_counters(service);
		exposition_release(&own);
		result = read_own(service, &text, &own, error);
	}
	if (result == 0)
		result = encode_exposition(service->store.view, &own, negotiated, out, &dropped, error);
	service_note_dropped(service, dropped, negotiated);
	exposition_release(&own);
	buffer_release(&text);
	return result;
}

/* Puts the compressed form in its place. */
static int compress(struct buffer *body, struct error *error)
{
	struct buffer compressed;
	buffer_init(&compressed, SIZE_MAX);
	if (compress_gzip(buffer_slice(body), &compressed, error) == -1) {
		buffer_release(&compressed);
		return -1;
	}
	buffer_release(body);
	*body = compressed;
	return 0;
}

void handle_scrape(struct request *request)
{
	struct service *service = request->service;
	struct negotiated negotiated = negotiate_format(request_header(request, MHD_HTTP_HEADER_ACCEPT));
	bool gzip = negotiate_gzip(request_header(request, MHD_HTTP_HEADER_ACCEPT_ENCODING));
	struct buffer body;
	struct error error;
	if (!service_takes_answer(service)) {
		request_answer_text(request, MHD_HTTP_SERVICE_UNAVAILABLE, "too many scrapes at a time; try again");
		return;
	}
	buffer_init(&body, SIZE_MAX);
	if (service_refresh(service, &error) == -1 || append_exposition(service, negotiated, &body, &error) == -1 ||
		(gzip && compress(&body, &error) == -1)) {
		/* Whatever is wrong, the client's request is not. */
		request_answer_text(request, MHD_HTTP_INTERNAL_SERVER_ERROR, "%s", error.message);
	} else {
		request_answer_buffer(request, MHD_HTTP_OK, negotiated_content_type(negotiated), &body);
		if (gzip)
			request_add_header(request, MHD_HTTP_HEADER_CONTENT_ENCODING, "gzip");
	}
	buffer_release(&body);
}
