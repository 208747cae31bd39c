#include "url.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "text.h"

#define PORT_MAX 65535

static const char unix_scheme[] = "unix:";

static bool is_unix(const char *url)
{
	return strncasecmp(url, unix_scheme, sizeof(unix_scheme) - 1) == 0;
}

/* Where the authority starts: behind "scheme://", or at the start where there is no scheme. */
static const char *authority_of(const char *url)
{
	const char *separator = strstr(url, "://");
	return separator != NULL && separator == url + strcspn(url, ":/?#") ? separator + 3 : url;
}

/* The authority without "user:password@". */
static struct slice host_of(const char *authority)
{
	size_t length = strcspn(authority, "/?#");
	const char *at = memrchr(authority, '@', length);
	const char *host = at != NULL ? at + 1 : authority;
	return slice_make(host, (size_t)(authority + length - host));
}

static int fail(const char *given, const char *reason, struct error *error)
{
	return error_set(error, ERROR_USAGE, "%s: %s", url_text(given).text, reason);
}

static int check(const char *given, struct error *error)
{
	if (*given == '\0')
		return error_set(error, ERROR_USAGE, "the URL is empty");
	for (const char *byte = given; *byte != '\0'; byte++)
		if ((unsigned char)*byte <= ' ' || *byte == 0x7f)
			return fail(given, "a URL has neither blanks nor control characters", error);
	if (is_unix(given))
		return given[sizeof(unix_scheme) - 1] == '/'
			       ? 0
			       : fail(given, "the path of the socket must start with a slash", error);
	if (authority_of(given) != given && strncasecmp(given, "http://", 7) != 0 &&
		strncasecmp(given, "https://", 8) != 0)
		return fail(given, "only http, https and unix URLs are known", error);
	struct slice host = host_of(authority_of(given));
	if (host.len == 0 || host.data[0] == ':')
		return fail(given, "the URL has no host", error);
	return 0;
}

static void split_unix(struct url *url, const char *text)
{
	const char *socket = text + sizeof(unix_scheme) - 1;
	const char *separator = strstr(socket, ":/");
	size_t length = separator != NULL ? (size_t)(separator - socket) : strlen(socket);
	url->is_unix = true;
	url->host = slice_make(socket, length);
	url->path = slice_of(separator != NULL ? separator + 1 : socket + length);
	/* "unix:/path/of/socket:" is the same as without the last colon. */
	if (separator == NULL && url->host.data[length - 1] == ':')
		url->host.len--;
}

/* What a complete URL is made of. */
static void split(struct url *url, const char *text)
{
	const char *authority = authority_of(text);
	if (is_unix(text)) {
		split_unix(url, text);
		return;
	}
	url->is_tls = strncasecmp(text, "https", 5) == 0;
	url->host = host_of(authority);
	url->path = slice_of(authority + strcspn(authority, "/?#"));
}

int url_init(struct url *url, const char *given, struct error *error)
{
	*url = (struct url){0};
	if (check(given, error) == -1)
		return -1;
	const char *scheme = is_unix(given) || authority_of(given) != given ? "" : "http://";
	if (asprintf(&url->text, "%s%s", scheme, given) == -1) {
		url->text = NULL;
		return error_set_memory(error);
	}
	split(url, url->text);
	return 0;
}

void url_release(struct url *url)
{
	free(url->text);
	*url = (struct url){0};
}

/* Cuts the port off a host. Where none is written, it is that of the scheme; what is no number stays where it is. */
static unsigned long take_port(struct url *url)
{
	struct slice *host = &url->host;
	unsigned long port = 0;
	size_t length = host->len;
	while (length > 0 && host->data[length - 1] >= '0' && host->data[length - 1] <= '9')
		length--;
	bool is_written = length > 0 && host->data[length - 1] == ':';
	for (size_t i = length; is_written && i < host->len && port <= PORT_MAX; i++)
		port = port * 10 + (unsigned long)(host->data[i] - '0');
	bool is_default = !is_written || length == host->len;
	if (is_written)
		host->len = length - 1;
	return !is_default ? port : url->is_tls ? 443 : 80;
}

bool url_is_same_place(const char *a, const char *b)
{
	struct url left = {0}, right = {0};
	split(&left, a);
	split(&right, b);
	while (slice_has_suffix(left.path, slice_of("/")))
		left.path.len--;
	while (slice_has_suffix(right.path, slice_of("/")))
		right.path.len--;
	if (left.is_unix != right.is_unix || left.is_tls != right.is_tls || !slice_equal(left.path, right.path))
		return false;
	if (left.is_unix)
		return slice_equal(left.host, right.host);
	return take_port(&left) == take_port(&right) && left.host.len == right.host.len &&
	       strncasecmp(left.host.data, right.host.data, left.host.len) == 0;
}

void url_cut_user(char *url)
{
	size_t start = (size_t)(authority_of(url) - url);
	size_t host = (size_t)(host_of(url + start).data - url);
	size_t length = strlen(url);
	if (is_unix(url) || host == start)
		return;
	memmove(url + start, url + host, length - host);
	explicit_bzero(url + start + length - host, host - start);
}

void url_make_printable(char *line)
{
	if (!utf8_valid(slice_of(line))) {
		for (char *byte = line; *byte != '\0'; byte++)
			if ((unsigned char)*byte >= 0x80)
				*byte = '?';
	}
	text_blank_controls(line);
}

struct url_text url_text(const char *url)
{
	struct url_text out;
	const char *authority = authority_of(url);
	const char *shown = is_unix(url) ? authority : host_of(authority).data;
	int length = snprintf(out.text, sizeof(out.text), "%.*s%s", (int)(authority - url), url, shown);
	if (length >= (int)sizeof(out.text))
		memcpy(out.text + sizeof(out.text) - 4, "...", 4);
	url_make_printable(out.text);
	return out;
}
