#include "scrape.h"

#include "compress.h"
#include "encode.h"
#include "log.h"
#include "negotiation.h"
#include "own_metrics.h"
#include "request.h"

/* So many bytes of text are compressed at once, or encoded, which takes ten times as long; then others have their turn.
 */
#define COMPRESS_BUDGET (64u << 10)
#define ENCODE_BUDGET	(32u << 10)

/* Whatever is wrong, the client's request is not. */
static void fail(struct request *request, const struct error *error)
{
	request_answer_text(request, MHD_HTTP_INTERNAL_SERVER_ERROR, "%s", error->message);
}

/* The gateway's own metrics as text and parsed. */
static int read_own(struct service *service, struct buffer *text, struct exposition *own, struct error *error)
{
	buffer_clear(text);
	if (own_metrics_append(service, text, error) == -1)
		return -1;
	return own_metrics_parse(own, buffer_slice(text), error);
}

/* The same, also where somebody wrote nonsense into the file of the counters. */
static int read_own_metrics(struct service *service, struct buffer *text, struct exposition *own, struct error *error)
{
	if (read_own(service, text, own, error) == 0)
		return 0;
	if (error->kind == ERROR_MEMORY)
		return -1;
	log_error("the counters are damaged and start again", "reason", error->message, NULL);
	service_reset_counters(service);
	exposition_release(own);
	exposition_init(own);
	return read_own(service, text, own, error);
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

/* What the view has goes out from there, compressed or encoded in steps. */
static void finish_reader(struct request *request, struct negotiated negotiated, bool gzip)
{
	struct error error;
	struct exposition_reader *reader = request->reader;
	bool protobuf = negotiated.format == FORMAT_PROTOBUF;
	int status = exposition_reader_prepare(reader, protobuf ? ENCODE_BUDGET : COMPRESS_BUDGET, &error);
	if (status == 0)
		return;
	request->reader = NULL;
	if (status == -1) {
		exposition_reader_free(reader);
		fail(request, &error);
		return;
	}
	request_answer_reader(request, MHD_HTTP_OK, negotiated_content_type(negotiated), reader);
	if (!gzip)
		return;
	request_add_header(request, MHD_HTTP_HEADER_CONTENT_ENCODING, "gzip");
	if (!protobuf)
		ahead_scraped(&request->service->ahead, request->service->store.view);
}

/* What has names to be escaped is made as a whole. */
static int answer_encoded(struct request *request, const struct exposition *own, struct negotiated negotiated,
	bool gzip, struct error *error)
{
	struct buffer body;
	size_t dropped = 0;
	buffer_init(&body, SIZE_MAX);
	int status = encode_exposition(request->service->store.view, own, negotiated, &body, &dropped, error);
	service_note_dropped(request->service, dropped, negotiated);
	if (status == 0 && gzip)
		status = compress(&body, error);
	if (status == 0) {
		request_answer_buffer(request, MHD_HTTP_OK, negotiated_content_type(negotiated), &body);
		if (gzip)
			request_add_header(request, MHD_HTTP_HEADER_CONTENT_ENCODING, "gzip");
	}
	buffer_release(&body);
	return status;
}

static int begin_reader(struct request *request, const struct exposition *own, struct negotiated negotiated, bool gzip,
	struct error *error)
{
	struct service *service = request->service;
	struct view_snapshot *snapshot = view_snapshot(service->store.view, error);
	if (snapshot == NULL)
		return -1;
	request->reader = negotiated.format == FORMAT_PROTOBUF
				  ? exposition_reader_new_protobuf(snapshot, own, gzip, error)
				  : exposition_reader_new(snapshot, own, gzip ? service->compressor : NULL, error);
	if (request->reader == NULL)
		return -1;
	request_expect_answer(request, exposition_reader_memory(request->reader));
	return 0;
}

static void begin(struct request *request, struct negotiated negotiated, bool gzip)
{
	struct service *service = request->service;
	struct buffer text;
	struct exposition own;
	struct error error;
	if (!service_takes_answer(service)) {
		request_answer_text(request, MHD_HTTP_SERVICE_UNAVAILABLE, "too many scrapes at a time; try again");
		return;
	}
	buffer_init(&text, OWN_METRICS_SIZE_MAX);
	exposition_init(&own);
	int status = service_refresh(service, &error);
	if (status == 0)
		status = read_own_metrics(service, &text, &own, &error);
	if (status == 0)
		status = encode_is_plain(service->store.view, negotiated)
				 ? begin_reader(request, &own, negotiated, gzip, &error)
				 : answer_encoded(request, &own, negotiated, gzip, &error);
	if (status == -1)
		fail(request, &error);
	exposition_release(&own);
	buffer_release(&text);
}

void handle_scrape(struct request *request)
{
	struct negotiated negotiated = negotiate_format(request_header(request, MHD_HTTP_HEADER_ACCEPT));
	bool gzip = negotiate_gzip(request_header(request, MHD_HTTP_HEADER_ACCEPT_ENCODING));
	if (request->reader == NULL)
		begin(request, negotiated, gzip);
	if (request->reader != NULL)
		finish_reader(request, negotiated, gzip);
}
