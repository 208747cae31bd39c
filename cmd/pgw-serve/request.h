/*
 * request: one HTTP request, from its first line to its answer.
 *
 * libmicrohttpd calls request_handle() when the header is there, for each piece of the body, when all is there, and
 * again until an answer is given. The body is decompressed and collected up to its limit; a request that is refused by
 * its header alone is answered at once where much would still come (and the connection ends), otherwise when the body
 * has passed by.
 */
#ifndef PGW_REQUEST_H
#define PGW_REQUEST_H

#include <microhttpd.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "answer.h"
#include "buffer.h"
#include "connection.h"
#include "decompress.h"
#include "exposition.h"
#include "labels.h"
#include "service.h"
#include "store.h"

#define REQUEST_TARGET_MAX 65536

enum request_state {
	REQUEST_HEADER, /* only the first line is known */
	REQUEST_BODY,	/* its header is known */
	REQUEST_WHOLE,
};

struct route;
struct method_handler;

struct request {
	TAILQ_ENTRY(request) next; /* in service.queue */
	bool queued;		   /* is there */
	struct service *service;
	struct connection *connection;
	struct MHD_Connection *http;
	enum request_state state;
	int64_t began;			      /* when the header was there, ns of the monotonic clock */
	size_t size;			      /* of header and body as they came */
	char *target;			      /* as it came */
	struct buffer path;		      /* decoded */
	const struct route *route;	      /* NULL where there is none */
	const struct method_handler *handler; /* NULL where there is none */
	bool protobuf;			      /* what the body is said to be, or else text */
	struct decompress *decompress;	      /* NULL where the body comes as it is */
	struct buffer body;
	struct grouping_key key;
	struct exposition exposition; /* slices of the body */
	struct error refused;	      /* by the parser, for a rule */
	struct store_change change;
	struct MHD_Response *response; /* where it has an answer */
	bool response_shared;	       /* it is one of service.fixed */
	unsigned status;
	size_t answer_size;
	size_t answer_memory;		  /* of service.answer_bytes */
	struct exposition_reader *reader; /* an answer on its way; the handler is called again */
	bool end_connection;		  /* with the answer */
	bool answered;			  /* libmicrohttpd has the answer */
};

/* The target is NUL-terminated and copied. NULL when out of memory. */
struct request *request_new(
	struct service *service, struct connection *connection, struct MHD_Connection *http, const char *target);
void request_free(struct request *request);

/* MHD_AccessHandlerCallback's work. */
enum MHD_Result request_handle(
	struct request *request, const char *method, const char *version, const char *data, size_t *size);

/* The first header field of that name; data is NULL where there is none. */
struct slice request_header(struct request *request, const char *name);

/* Queues the change for service_commit(). */
void request_queue_change(struct request *request);

/* Gives a committed change its answer. */
void request_answer_change(struct request *request);

#endif
