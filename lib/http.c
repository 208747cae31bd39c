#include "http.h"

#include <curl/curl.h>
#include <dlfcn.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/queue.h>

#include "buffer.h"
#include "url.h"

#define LIBRARY	      "libcurl.so.4"
#define REDIRECTS_MAX 5L
#define HEADER_MAX    65536
#define POLL_TIME     1000 /* ms; only a bound, curl_multi_poll() wakes for every event */

/* What is used of libcurl, without the prefix curl_. */
#define FUNCTIONS(F)                                                                                                   \
	F(global_init)                                                                                                 \
	F(easy_init)                                                                                                   \
	F(easy_setopt)                                                                                                 \
	F(easy_getinfo)                                                                                                \
	F(easy_strerror)                                                                                               \
	F(easy_cleanup)                                                                                                \
	F(slist_append)                                                                                                \
	F(slist_free_all)                                                                                              \
	F(multi_init)                                                                                                  \
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

static const struct {
	const char *symbol;
	size_t offset;
} symbols[] = {
#define SYMBOL(name) {"curl_" #name, offsetof(struct curl, name)},
	FUNCTIONS(SYMBOL)
#undef SYMBOL
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
	struct transfers running;
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
	if (!copied) {
		transfer_free(transfer);
		return error_set_memory(error);
	}
	TAILQ_INSERT_TAIL(&http->waiting, transfer, entry);
	return 0;
}

static size_t receive(char *data, size_t size, size_t count, void *context)
{
	struct transfer *transfer = context;
	if (buffer_append(&transfer->body, data, size * count) == -1) {
		transfer->body_errno = errno;
		return 0;
	}
	return size * count;
}

static CURLcode add_header(struct transfer *transfer, const char *name, const char *value)
{
	if (value == NULL)
		return CURLE_OK;
	struct buffer header;
	buffer_init(&header, HEADER_MAX);
	struct curl_slist *headers = NULL;
	/* "Name:" without a value makes libcurl leave the header out. */
	if (buffer_printf(&header, "%s:%s%s", name, *value == '\0' ? "" : " ", value) == 0 &&
		buffer_append_byte(&header, '\0') == 0)
		headers = transfer->http->curl.slist_append(transfer->headers, header.data);
	buffer_release(&header);
	if (headers == NULL)
		return CURLE_OUT_OF_MEMORY;
	transfer->headers = headers;
	return CURLE_OK;
}

static CURLcode set_headers(struct transfer *transfer)
{
	const struct http_request *request = &transfer->request;
	CURLcode code = add_header(transfer, "Content-Type", request->content_type);
	if (code == CURLE_OK)
		code = add_header(transfer, "Accept", request->accept);
	/* Without this, libcurl asks before it sends a large body, and waits a second where nobody answers. */
	if (code == CURLE_OK)
		code = add_header(transfer, "Expect", "");
	if (code == CURLE_OK)
		code = transfer->http->curl.easy_setopt(transfer->easy, CURLOPT_HTTPHEADER, transfer->headers);
	return code;
}

static CURLcode set_unix_url(struct transfer *transfer, const struct url *url)
{
	const struct curl *curl = &transfer->http->curl;
	char *socket = strndup(url->host.data, url->host.len);
	char *address = NULL;
	CURLcode code = CURLE_OUT_OF_MEMORY;
	if (socket != NULL && asprintf(&address, "http://localhost%s", url->path.data) != -1) {
		code = curl->easy_setopt(transfer->easy, CURLOPT_UNIX_SOCKET_PATH, socket);
		/* A proxy from the environment would be spoken to through the socket. */
		if (code == CURLE_OK)
			code = curl->easy_setopt(transfer->easy, CURLOPT_NOPROXY, "*");
		if (code == CURLE_OK)
			code = curl->easy_setopt(transfer->easy, CURLOPT_URL, address);
		free(address);
	}
	free(socket);
	return code;
}

static CURLcode set_url(struct transfer *transfer)
{
	struct url url;
	struct error error;
	if (url_init(&url, transfer->request.url, &error) == -1)
		return error.kind == ERROR_MEMORY ? CURLE_OUT_OF_MEMORY : CURLE_URL_MALFORMAT;
	CURLcode code = url.is_unix ? set_unix_url(transfer, &url)
				    : transfer->http->curl.easy_setopt(transfer->easy, CURLOPT_URL, url.text);
	url_release(&url);
	return code;
}

static CURLcode set_method(struct transfer *transfer)
{
	const struct curl *curl = &transfer->http->curl;
	const struct http_request *request = &transfer->request;
	CURL *easy = transfer->easy;
	if (strcmp(request->method, "GET") == 0) {
		CURLcode code = curl->easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 1L);
		return code != CURLE_OK ? code : curl->easy_setopt(easy, CURLOPT_MAXREDIRS, REDIRECTS_MAX);
	}
	CURLcode code = curl->easy_setopt(easy, CURLOPT_CUSTOMREQUEST, request->method);
	if (code != CURLE_OK || strcmp(request->method, "DELETE") == 0)
		return code;
	code = curl->easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->body.len);
	if (code == CURLE_OK)
		code = curl->easy_setopt(easy, CURLOPT_POSTFIELDS, request->body.len > 0 ? request->body.data : "");
	return code;
}

static CURLcode set_options(struct transfer *transfer)
{
	const struct {
		CURLoption option;
		long value;
	} numbers[] = {
		{CURLOPT_NOSIGNAL, 1L},
		{CURLOPT_PATH_AS_IS, 1L},
		{CURLOPT_TIMEOUT_MS, (long)transfer->request.timeout},
	};
	const struct {
		CURLoption option;
		const void *value;
	} pointers[] = {
		{CURLOPT_PROTOCOLS_STR, "http,https"},
		{CURLOPT_REDIR_PROTOCOLS_STR, "http,https"},
		{CURLOPT_USERAGENT, "pgw/" PGW_VERSION},
		{CURLOPT_ERRORBUFFER, transfer->reason},
		{CURLOPT_WRITEDATA, transfer},
		{CURLOPT_PRIVATE, transfer},
	};
	const struct curl *curl = &transfer->http->curl;
	CURLcode code = CURLE_OK;
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]) && code == CURLE_OK; i++)
		code = curl->easy_setopt(transfer->easy, numbers[i].option, numbers[i].value);
	for (size_t i = 0; i < sizeof(pointers) / sizeof(pointers[0]) && code == CURLE_OK; i++)
		code = curl->easy_setopt(transfer->easy, pointers[i].option, pointers[i].value);
	if (code == CURLE_OK)
		code = curl->easy_setopt(transfer->easy, CURLOPT_WRITEFUNCTION, receive);
	return code;
}

static CURLcode prepare(struct transfer *transfer)
{
	transfer->easy = transfer->http->curl.easy_init();
	if (transfer->easy == NULL)
		return CURLE_OUT_OF_MEMORY;
	CURLcode code = set_options(transfer);
	if (code == CURLE_OK)
		code = set_url(transfer);
	if (code == CURLE_OK)
		code = set_method(transfer);
	if (code == CURLE_OK)
		code = set_headers(transfer);
	return code;
}

static enum error_kind kind_of(CURLcode code)
{
	switch (code) {
	case CURLE_URL_MALFORMAT:
		return ERROR_USAGE;
	case CURLE_UNSUPPORTED_PROTOCOL: /* where a redirection leads: set_url() took the URL itself */
		return ERROR_REFUSED;
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

/* Hands the answer over; the transfer, which is in no list any more, ends with it. */
static void finish(struct transfer *transfer, CURLcode code)
{
	struct http_answer answer = {0};
	if (code == CURLE_OK) {
		long status = 0;
		transfer->http->curl.easy_getinfo(transfer->easy, CURLINFO_RESPONSE_CODE, &status);
		answer.status = (unsigned)status;
		answer.body = buffer_slice(&transfer->body);
	} else {
		set_failure(transfer, code, &answer.error);
	}
	transfer->done(transfer->http, &answer, transfer->context);
	transfer_free(transfer);
}

static int start_waiting(struct http *http, struct error *error)
{
	struct transfer *transfer;
	while (http->running_count < http->parallel && (transfer = TAILQ_FIRST(&http->waiting)) != NULL) {
		TAILQ_REMOVE(&http->waiting, transfer, entry);
		CURLcode code = prepare(transfer);
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

static void finish_done(struct http *http)
{
	const CURLMsg *message;
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
	}
}

int http_run(struct http *http, struct error *error)
{
	for (;;) {
		if (start_waiting(http, error) == -1)
			return -1;
		if (http->running_count == 0)
			return 0;
		int still_running;
		CURLMcode code = http->curl.multi_perform(http->multi, &still_running);
		finish_done(http);
		bool may_start = http->running_count < http->parallel && !TAILQ_EMPTY(&http->waiting);
		if (code == CURLM_OK && http->running_count > 0 && !may_start)
			code = http->curl.multi_poll(http->multi, NULL, 0, POLL_TIME, NULL);
		if (code != CURLM_OK)
			return error_set(error, ERROR_UNAVAILABLE, "libcurl: %s", http->curl.multi_strerror(code));
	}
}
