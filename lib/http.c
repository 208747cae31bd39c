#include "http_parts.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "clock.h"

#define LIBRARY		"libcurl.so.4"
#define RETRY_AFTER_MAX (30 * 86400) /* s; no limit of time is longer */
#define POLL_TIME	1000	     /* ms; only a bound, curl_multi_poll() wakes for every event */

static const struct {
	const char *symbol;
	size_t offset;
} symbols[] = {
#define SYMBOL(name) {"curl_" #name, offsetof(struct curl, name)},
	FUNCTIONS(SYMBOL)
#undef SYMBOL
};

static int load(struct curl *curl, struct error *error)
{
	/* Never closed again: the libraries below libcurl leave handlers behind that run at exit. */
	void *library = dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL);
	if (library == NULL)
		return error_set(error, ERROR_UNAVAILABLE, "libcurl can't be loaded: %s", dlerror());
	for (size_t i = 0; i < sizeof(symbols) / sizeof(symbols[0]); i++) {
		void *function = dlsym(library, symbols[i].symbol);
		if (function == NULL)
			return error_set(error, ERROR_UNAVAILABLE, "libcurl is too old: %s", dlerror());
		memcpy((char *)curl + symbols[i].offset, &function, sizeof(function));
	}
	if (curl->global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
		return error_set(error, ERROR_UNAVAILABLE, "libcurl can't be initialised");
	return 0;
}

struct http *http_new(unsigned parallel, struct error *error)
{
	struct http *http = calloc(1, sizeof(*http));
	if (http == NULL) {
		error_set_memory(error);
		return NULL;
	}
	http->parallel = parallel > 0 ? parallel : 1;
	TAILQ_INIT(&http->waiting);
	TAILQ_INIT(&http->delayed);
	TAILQ_INIT(&http->running);
	if (load(&http->curl, error) == -1) {
		free(http);
		return NULL;
	}
	http->multi = http->curl.multi_init();
	if (http->multi == NULL) {
		error_set_memory(error);
		free(http);
		return NULL;
	}
	/* One that is idle is closed where a new one would be too many. */
	http->curl.multi_setopt(http->multi, CURLMOPT_MAX_TOTAL_CONNECTIONS, HTTP_CONNECTIONS * (long)http->parallel);
	return http;
}

static void transfer_free(struct transfer *transfer)
{
	const struct curl *curl = &transfer->http->curl;
	if (transfer->easy != NULL) {
		curl->multi_remove_handle(transfer->http->multi, transfer->easy);
		curl->easy_cleanup(transfer->easy);
	}
	curl->slist_free_all(transfer->headers);
	buffer_release(&transfer->body);
	free((char *)transfer->request.method);
	free((char *)transfer->request.url);
	free((char *)transfer->request.content_type);
	free((char *)transfer->request.accept);
	free((char *)transfer->request.ttl);
	free(transfer);
}

static void transfers_free(struct transfers *transfers)
{
	struct transfer *transfer;
	while ((transfer = TAILQ_FIRST(transfers)) != NULL) {
		TAILQ_REMOVE(transfers, transfer, entry);
		transfer_free(transfer);
	}
}

void http_free(struct http *http)
{
	if (http == NULL)
		return;
	transfers_free(&http->waiting);
	transfers_free(&http->delayed);
	transfers_free(&http->running);
	http->curl.multi_cleanup(http->multi);
	free(http);
}

static bool copy_string(const char **copy, const char *string)
{
	*copy = string == NULL ? NULL : strdup(string);
	return string == NULL || *copy != NULL;
}

int http_add(struct http *http, const struct http_request *request, http_done *done, void *context, struct error *error)
{
	struct transfer *transfer = calloc(1, sizeof(*transfer));
	if (transfer == NULL)
		return error_set_memory(error);
	transfer->http = http;
	transfer->done = done;
	transfer->context = context;
	transfer->request = *request;
	buffer_init(&transfer->body, request->max_answer);
	struct http_request *copy = &transfer->request;
	bool copied = copy_string(&copy->method, request->method);
	copied &= copy_string(&copy->url, request->url);
	copied &= copy_string(&copy->content_type, request->content_type);
	copied &= copy_string(&copy->accept, request->accept);
	copied &= copy_string(&copy->ttl, request->ttl);
	if (!copied) {
		transfer_free(transfer);
		return error_set_memory(error);
	}
	TAILQ_INSERT_TAIL(request->start == 0 ? &http->waiting : &http->delayed, transfer, entry);
	return 0;
}

static enum error_kind kind_of(CURLcode code)
{
	switch (code) {
	case CURLE_URL_MALFORMAT:
		return ERROR_USAGE;
	case CURLE_TOO_MANY_REDIRECTS:
	case CURLE_UNSUPPORTED_PROTOCOL: /* where a redirection leads: set_url() took the URL itself */
		return ERROR_REFUSED;
	case CURLE_SSL_CERTPROBLEM: /* files of this side */
	case CURLE_SSL_CACERT_BADFILE:
		return ERROR_NO_INPUT;
	case CURLE_OUT_OF_MEMORY:
		return ERROR_MEMORY;
	default:
		return ERROR_UNAVAILABLE;
	}
}

static void set_failure(const struct transfer *transfer, CURLcode code, struct error *error)
{
	const struct curl *curl = &transfer->http->curl;
	if (transfer->body_errno == EMSGSIZE) {
		error_set(error, ERROR_TOO_LARGE, "the answer is larger than %zu bytes", transfer->request.max_answer);
	} else if (transfer->body_errno != 0) {
		error_set_memory(error);
	} else {
		/* libcurl does not tell a refused connection from others in words. */
		long number = 0;
		if (code == CURLE_COULDNT_CONNECT)
			curl->easy_getinfo(transfer->easy, CURLINFO_OS_ERRNO, &number);
		error_set(error, kind_of(code), "%s%s%s",
			transfer->reason[0] != '\0' ? transfer->reason : curl->easy_strerror(code),
			number != 0 ? ": " : "", number != 0 ? strerror((int)number) : "");
	}
}

/* Of the answer that counts, after redirections. */
static struct slice last_header(const struct transfer *transfer, const char *name)
{
	struct curl_header *header;
	CURLHcode code = transfer->http->curl.easy_header(transfer->easy, name, 0, CURLH_HEADER, -1, &header);
	return slice_of(code == CURLHE_OK ? header->value : "");
}

static int64_t duration(const struct transfer *transfer)
{
	curl_off_t microseconds = 0;
	if (transfer->easy != NULL)
		transfer->http->curl.easy_getinfo(transfer->easy, CURLINFO_TOTAL_TIME_T, &microseconds);
	return microseconds * 1000;
}

/* Hands the answer over; the transfer, which is in no list any more, ends with it. */
static void finish(struct transfer *transfer, CURLcode code)
{
	struct http_answer answer = {0};
	if (code == CURLE_OK) {
		long status = 0;
		curl_off_t wait = 0;
		transfer->http->curl.easy_getinfo(transfer->easy, CURLINFO_RESPONSE_CODE, &status);
		transfer->http->curl.easy_getinfo(transfer->easy, CURLINFO_RETRY_AFTER, &wait);
		answer.status = (unsigned)status;
		answer.retry_after = wait < RETRY_AFTER_MAX ? (unsigned)wait : RETRY_AFTER_MAX;
		char *type = NULL;
		transfer->http->curl.easy_getinfo(transfer->easy, CURLINFO_CONTENT_TYPE, &type);
		answer.type = type;
		answer.encoding = last_header(transfer, "Content-Encoding");
		answer.body = buffer_slice(&transfer->body);
	} else {
		set_failure(transfer, code, &answer.error);
	}
	answer.duration = duration(transfer);
	transfer->done(transfer->http, &answer, transfer->context);
	transfer_free(transfer);
}

/* Those whose time has come join the waiting. How long to wait for the next one, in ms. */
static int end_delays(struct http *http)
{
	struct transfer *transfer, *next;
	int64_t now = clock_monotonic();
	int64_t wait = POLL_TIME * CLOCK_MILLISECOND;
	for (transfer = TAILQ_FIRST(&http->delayed); transfer != NULL; transfer = next) {
		next = TAILQ_NEXT(transfer, entry);
		int64_t left = transfer->request.start - now;
		if (left <= 0) {
			TAILQ_REMOVE(&http->delayed, transfer, entry);
			TAILQ_INSERT_TAIL(&http->waiting, transfer, entry);
		} else if (left < wait) {
			wait = left;
		}
	}
	return (int)((wait + CLOCK_MILLISECOND - 1) / CLOCK_MILLISECOND);
}

static int start_waiting(struct http *http, struct error *error)
{
	struct transfer *transfer;
	while (http->running_count < http->parallel && (transfer = TAILQ_FIRST(&http->waiting)) != NULL) {
		TAILQ_REMOVE(&http->waiting, transfer, entry);
		CURLcode code = http_prepare(transfer);
		if (code != CURLE_OK) {
			finish(transfer, code);
			continue;
		}
		TAILQ_INSERT_TAIL(&http->running, transfer, entry);
		http->running_count++;
		CURLMcode failed = http->curl.multi_add_handle(http->multi, transfer->easy);
		if (failed != CURLM_OK)
			return error_set(error, ERROR_UNAVAILABLE, "libcurl: %s", http->curl.multi_strerror(failed));
	}
	return 0;
}

/* Whether there was any. */
static bool finish_done(struct http *http)
{
	const CURLMsg *message;
	bool any = false;
	int left;
	while ((message = http->curl.multi_info_read(http->multi, &left)) != NULL) {
		if (message->msg != CURLMSG_DONE)
			continue;
		CURLcode code = message->data.result;
		char *private = NULL;
		http->curl.easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &private);
		struct transfer *transfer = (void *)private;
		TAILQ_REMOVE(&http->running, transfer, entry);
		http->running_count--;
		finish(transfer, code);
		any = true;
	}
	return any;
}

/* Until when to wait, in ms from now. */
static int wait_time(struct http *http, int64_t until)
{
	int wait = end_delays(http);
	int64_t left = until - clock_monotonic();
	if (left <= 0)
		return 0;
	left = (left + CLOCK_MILLISECOND - 1) / CLOCK_MILLISECOND;
	return left < wait ? (int)left : wait;
}

int http_turn(struct http *http, int64_t until, int wake, struct error *error)
{
	struct curl_waitfd also = {.fd = wake, .events = CURL_WAIT_POLLIN};
	int wait = wait_time(http, until);
	if (start_waiting(http, error) == -1)
		return -1;
	int still_running;
	CURLMcode code = http->curl.multi_perform(http->multi, &still_running);
	/* What is done makes room for others, or came to be sent again. */
	if (!finish_done(http) && code == CURLM_OK)
		code = http->curl.multi_poll(http->multi, &also, wake != -1, wait, NULL);
	return code == CURLM_OK ? 0
				: error_set(error, ERROR_UNAVAILABLE, "libcurl: %s", http->curl.multi_strerror(code));
}

int http_run(struct http *http, struct error *error)
{
	while (http->running_count > 0 || !TAILQ_EMPTY(&http->waiting) || !TAILQ_EMPTY(&http->delayed))
		if (http_turn(http, INT64_MAX, -1, error) == -1)
			return -1;
	return 0;
}
