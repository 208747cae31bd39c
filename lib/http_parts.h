/*
 * Parts of http: http.c runs the transfers, http_prepare.c says to libcurl what one of them is.
 */
#ifndef PGW_HTTP_PARTS_H
#define PGW_HTTP_PARTS_H

#include <curl/curl.h>
#include <sys/queue.h>

#include "buffer.h"
#include "http.h"

/* What is used of libcurl, without the prefix curl_. */
#define FUNCTIONS(F)                                                                                                   \
	F(global_init)                                                                                                 \
	F(easy_init)                                                                                                   \
	F(easy_setopt)                                                                                                 \
	F(easy_header)                                                                                                 \
	F(easy_getinfo)                                                                                                \
	F(easy_strerror)                                                                                               \
	F(easy_cleanup)                                                                                                \
	F(slist_append)                                                                                                \
	F(slist_free_all)                                                                                              \
	F(multi_init)                                                                                                  \
	F(multi_setopt)                                                                                                \
	F(multi_add_handle)                                                                                            \
	F(multi_remove_handle)                                                                                         \
	F(multi_perform)                                                                                               \
	F(multi_poll)                                                                                                  \
	F(multi_info_read)                                                                                             \
	F(multi_strerror)                                                                                              \
	F(multi_cleanup)

struct curl {
#define MEMBER(name) __typeof__(curl_##name) *name;
	FUNCTIONS(MEMBER)
#undef MEMBER
};

struct transfer {
	TAILQ_ENTRY(transfer) entry;
	struct http *http;
	struct http_request request; /* its strings are the transfer's own */
	http_done *done;
	void *context;
	CURL *easy; /* while it runs */
	struct curl_slist *headers;
	struct buffer body;
	int body_errno; /* why the answer's body could not be kept, or 0 */
	char reason[CURL_ERROR_SIZE];
};

TAILQ_HEAD(transfers, transfer);

struct http {
	struct curl curl;
	CURLM *multi;
	unsigned parallel;
	unsigned running_count;
	struct transfers waiting;
	struct transfers delayed; /* until the start that they ask for */
	struct transfers running;
};

/* Makes the transfer's handle of libcurl. */
CURLcode http_prepare(struct transfer *transfer);

#endif
