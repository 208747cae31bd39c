#include "http_parts.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "ttl.h"
#include "url.h"

#define HEADER_MAX 65536

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
	if (code == CURLE_OK && request->gzip)
		code = add_header(transfer, "Content-Encoding", "gzip");
	if (code == CURLE_OK)
		code = add_header(transfer, "Accept", request->accept);
	/* libcurl would unpack, too, and not notice where gzip is cut off: CURLOPT_ACCEPT_ENCODING is not used. */
	if (code == CURLE_OK && request->accept_gzip)
		code = add_header(transfer, "Accept-Encoding", "gzip");
	if (code == CURLE_OK)
		code = add_header(transfer, TTL_HEADER, request->ttl);
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
		CURLcode code = curl->easy_setopt(easy, CURLOPT_FOLLOWLOCATION, (long)(request->max_redirects > 0));
		return code != CURLE_OK ? code
					: curl->easy_setopt(easy, CURLOPT_MAXREDIRS, (long)request->max_redirects);
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

static CURLcode set_strings(struct transfer *transfer, const struct credentials *credentials)
{
	const struct http_options *options = credentials->options;
	const struct {
		CURLoption option;
		const char *value;
	} strings[] = {
		{CURLOPT_USERPWD, credentials->user_password},
		{CURLOPT_XOAUTH2_BEARER, credentials->token},
		{CURLOPT_NETRC_FILE, options->netrc_file},
		{CURLOPT_CAINFO, options->ca_file},
		{CURLOPT_SSLCERT, options->certificate},
		{CURLOPT_SSLKEY, options->key != NULL ? options->key : options->certificate},
		/* Without this one, a key with a password would have it asked for on the terminal. */
		{CURLOPT_KEYPASSWD, options->certificate != NULL ? "" : NULL},
	};
	CURLcode code = CURLE_OK;
	for (size_t i = 0; i < sizeof(strings) / sizeof(strings[0]) && code == CURLE_OK; i++)
		if (strings[i].value != NULL)
			code = transfer->http->curl.easy_setopt(transfer->easy, strings[i].option, strings[i].value);
	return code;
}

static CURLcode set_credentials(struct transfer *transfer)
{
	const struct credentials *credentials = transfer->request.credentials;
	if (credentials == NULL)
		return CURLE_OK;
	const struct http_options *options = credentials->options;
	const struct curl *curl = &transfer->http->curl;
	CURLcode code = set_strings(transfer, credentials);
	if (code == CURLE_OK && credentials->token != NULL)
		code = curl->easy_setopt(transfer->easy, CURLOPT_HTTPAUTH, (long)CURLAUTH_BEARER);
	/* "Optional" is that of a user and a password which the URL has. */
	if (code == CURLE_OK && (options->netrc || options->netrc_file != NULL))
		code = curl->easy_setopt(transfer->easy, CURLOPT_NETRC, (long)CURL_NETRC_OPTIONAL);
	if (code == CURLE_OK && options->insecure)
		code = curl->easy_setopt(transfer->easy, CURLOPT_SSL_VERIFYPEER, 0L);
	if (code == CURLE_OK && options->insecure)
		code = curl->easy_setopt(transfer->easy, CURLOPT_SSL_VERIFYHOST, 0L);
	return code;
}

CURLcode http_prepare(struct transfer *transfer)
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
	if (code == CURLE_OK)
		code = set_credentials(transfer);
	return code;
}
