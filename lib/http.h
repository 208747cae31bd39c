/*
 * http: outgoing HTTP, many transfers at once, by libcurl.
 *
 * libcurl is loaded with dlopen(3) by http_new(): loading it and its thirty libraries takes three times as long as
 * a push into a local spool, which must not pay for it. Environment as curl(1): proxies and no_proxy.
 *
 *	struct http *http = http_new(8, &error);
 *	http_add(http, &request, done, context, &error);	`done` may add more
 *	http_run(http, &error);
 *	http_free(http);
 *
 * A tool that has more to do than to wait for answers calls http_turn() over and over instead of http_run().
 */
#ifndef PGW_HTTP_H
#define PGW_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "credentials.h"
#include "error.h"
#include "slice.h"

struct http;

struct http_request {
	const char *method;		       /* GET, POST, PUT, DELETE */
	const char *url;		       /* http, https, or unix:/path/of/socket:/path/of/url; copied */
	const char *content_type;	       /* NULL for none; copied */
	bool gzip;			       /* the body is */
	const char *accept;		       /* NULL for curl's own; copied */
	const char *ttl;		       /* of the group that is pushed (ttl.h), NULL for none; copied */
	struct slice body;		       /* must live until `done` is called */
	unsigned timeout;		       /* ms for the whole transfer; 0 for none */
	int64_t start;			       /* not before, in ns of the monotonic clock */
	size_t max_answer;		       /* bytes of the answer's body; a longer one is ERROR_TOO_LARGE */
	unsigned max_redirects;		       /* that are followed, for GET only; more of them is ERROR_REFUSED */
	bool accept_gzip;		       /* the answer may come in gzip: see its encoding */
	const struct credentials *credentials; /* must live until `done` is called; NULL for none */
};

#define HTTP_REDIRECTS_DEFAULT 5 /* for GET: a push must not end up where nobody meant it to go */

struct http_answer {
	unsigned status;       /* 0 where there was no answer: see error */
	unsigned retry_after;  /* s that the server asks to wait; 0 where it doesn't */
	const char *type;      /* Content-Type, gone after `done` returns; NULL where the answer has none */
	struct slice encoding; /* Content-Encoding, likewise: the body is as it came */
	struct slice body;     /* likewise */
	int64_t duration;      /* of the transfer, with redirections, in ns; without waiting for its turn */
	struct error error;    /* where status is 0: ERROR_UNAVAILABLE, ERROR_TOO_LARGE, ERROR_USAGE (a bad URL), ... */
};

typedef void http_done(struct http *http, const struct http_answer *answer, void *context);

/* Connections for each of the transfers that may run at once, with those that stay open for the next; descriptors that
 * such a transfer may need, with those for its name's look-up. */
#define HTTP_CONNECTIONS 2
#define HTTP_DESCRIPTORS 4

/* `parallel` transfers run at once, the others wait. NULL with ERROR_UNAVAILABLE where libcurl is missing. */
struct http *http_new(unsigned parallel, struct error *error);
void http_free(struct http *http);

int http_add(
	struct http *http, const struct http_request *request, http_done *done, void *context, struct error *error);

/* Runs until all that was added is done. 0, or -1 when libcurl itself failed. */
int http_run(struct http *http, struct error *error);

/* Gets on until something is done, the time comes (ns of the monotonic clock) or the descriptor `wake` is readable (-1
 * for none), also where nothing was added. 0, or -1 when libcurl itself failed. */
int http_turn(struct http *http, int64_t until, int wake, struct error *error);

#endif
