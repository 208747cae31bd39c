/*
 * answer: the one answer that a request gets.
 */
#ifndef PGW_ANSWER_H
#define PGW_ANSWER_H

#include <microhttpd.h>
#include <stddef.h>

#include "buffer.h"
#include "error.h"
#include "exposition_reader.h"
#include "service.h"
#include "slice.h"

struct request;

/* With NULL, out of memory, the connection ends without an answer. The response becomes the request's. */
void request_answer(struct request *request, unsigned status, size_t size, struct MHD_Response *response);
void request_answer_fixed(struct request *request, unsigned status, enum fixed_answer answer);

/* What an answer that is still being made will keep in memory; until then it counts as much. */
void request_expect_answer(struct request *request, size_t memory);

/* Takes the buffer's memory; the buffer is empty afterwards. */
void request_answer_buffer(struct request *request, unsigned status, const char *content_type, struct buffer *body);

/* An answer that is read while it is sent. The reader, which is prepared, becomes the answer's. */
void request_answer_reader(
	struct request *request, unsigned status, const char *content_type, struct exposition_reader *reader);

/* Plain text; a newline is added. A push or deletion that gets an error is logged. */
void request_answer_text(struct request *request, unsigned status, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* The same without a newline, for what the upstream ends without one. */
void request_answer_bare_text(struct request *request, unsigned status, const char *text);

/* What the error says, with the status of its kind. */
void request_answer_error(struct request *request, const struct error *error);

/* No body; `header` may be NULL. */
void request_answer_empty(struct request *request, unsigned status, const char *header, const char *value);

/* The path is decoded, the query is not. A client that reads gets a page with the link, as from Go's net/http. */
void request_answer_redirect(
	struct request *request, unsigned status, const char *method, struct slice path, struct slice query);

/* Adds a header to the answer given. */
void request_add_header(struct request *request, const char *name, const char *value);

#endif
