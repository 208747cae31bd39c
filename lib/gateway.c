#include "gateway.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "buffer.h"
#include "percent.h"
#include "url.h"

#define METRICS_PATH "/metrics"
#define JOB_PATH     "/metrics/job"
#define URL_MAX	     (1u << 20)
#define REASON_SIZE  512

/* The group's part of a path, "/metrics/job...", or NULL. */
static const char *find_group_path(const char *path)
{
	for (const char *found = path; (found = strstr(found, JOB_PATH)) != NULL; found++) {
		char next = found[sizeof(JOB_PATH) - 1];
		if (next == '/' || next == '@' || next == '\0')
			return found;
	}
	return NULL;
}

/* The labels of the URL go into the key, but for those that it has. */
static int add_labels(struct grouping_key *key, const struct grouping_key *found, struct error *error)
{
	if (grouping_key_value(key, "job").data != NULL)
		return error_set(error, ERROR_USAGE, "the URL names its group's job already, -j can't name another");
	for (size_t i = 0; i < found->count; i++) {
		const struct label *label = &found->labels[i];
		bool given = false;
		for (size_t j = 0; j < key->count && !given; j++)
			given = slice_equal(key->labels[j].name, label->name);
		if (!given && grouping_key_set(key, label->name, label->value, error) == -1)
			return -1;
	}
	return 0;
}

static int parse_group_path(const char *path, struct grouping_key *key, struct error *error)
{
	const struct limits limits = LIMITS_DEFAULT;
	struct grouping_key found;
	struct buffer decoded;
	grouping_key_init(&found);
	buffer_init(&decoded, SIZE_MAX);
	int result = -1;
	if (percent_decode(&decoded, slice_of(path)) == -1)
		result = errno == EINVAL ? error_set(error, ERROR_USAGE, "malformed percent-encoding")
					 : error_set_memory(error);
	else if (grouping_key_from_path(&found, buffer_slice(&decoded), &limits, error) == 0)
		result = add_labels(key, &found, error);
	if (result == -1 && error->kind != ERROR_MEMORY)
		error->kind = ERROR_USAGE;
	buffer_release(&decoded);
	grouping_key_release(&found);
	return result;
}

/* Cuts the group's part and the slashes at the end off the URL. */
static int cut_base(struct url *url, struct grouping_key *key, struct error *error)
{
	char *path = url->text + (url->path.data - url->text);
	if (strpbrk(path, "?#") != NULL)
		return error_set(error, ERROR_USAGE, "a gateway's URL has neither a query nor a fragment");
	const char *group = find_group_path(path);
	if (group != NULL && key == NULL)
		return error_set(error, ERROR_USAGE,
			"a URL with a group's path can't stand here, name the group with -j and -l");
	if (group != NULL) {
		if (parse_group_path(group + strlen(METRICS_PATH), key, error) == -1)
			return -1;
		path[group - path] = '\0';
	}
	for (size_t length = strlen(path); length > 0 && path[length - 1] == '/'; length--)
		path[length - 1] = '\0';
	return 0;
}

void gateway_release(struct gateway *gateway)
{
	if (gateway->base != NULL)
		explicit_bzero(gateway->base, strlen(gateway->base));
	free(gateway->base);
	free(gateway->bare);
	*gateway = (struct gateway){0};
}

int gateway_init(struct gateway *gateway, const char *given, struct grouping_key *key, struct error *error)
{
	*gateway = (struct gateway){0};
	struct url url;
	if (url_init(&url, given, error) == -1)
		return -1;
	int result = cut_base(&url, key, error);
	if (result == -1) {
		error_prefix(error, "%s: ", url_text(given).text);
	} else {
		/* The path of a socket ends at the colon before the URL's path. */
		size_t length = strlen(url.text);
		bool needs_colon = url.is_unix && *url.path.data == '\0' && url.text[length - 1] != ':';
		if (asprintf(&gateway->base, "%s%s", url.text, needs_colon ? ":" : "") == -1)
			gateway->base = NULL;
		gateway->bare = gateway->base != NULL ? strdup(gateway->base) : NULL;
		if (gateway->bare != NULL) {
			url_cut_user(gateway->bare);
		} else {
			gateway_release(gateway);
			result = error_set_memory(error);
		}
	}
	url_release(&url);
	return result;
}

bool gateway_is_same(const struct gateway *a, const struct gateway *b)
{
	return url_is_same_place(a->bare, b->bare);
}

static char *group_url(const char *base, const struct grouping_key *key, struct error *error)
{
	struct buffer url;
	buffer_init(&url, URL_MAX);
	if (buffer_append_string(&url, base) == -1 || buffer_append_string(&url, METRICS_PATH) == -1 ||
		grouping_key_append_path(key, &url) == -1 || buffer_append_byte(&url, '\0') == -1) {
		error_set_memory(error);
		buffer_release(&url);
		return NULL;
	}
	return buffer_detach(&url);
}

char *gateway_group_url(const struct gateway *gateway, const struct grouping_key *key, struct error *error)
{
	return group_url(gateway->base, key, error);
}

char *gateway_bare_url(const struct gateway *gateway, const struct grouping_key *key, struct error *error)
{
	return group_url(gateway->bare, key, error);
}

/* The first line of an answer, which says what the gateway did not like. */
static void read_reason(struct slice body, char reason[REASON_SIZE])
{
	size_t length = 0;
	while (length < body.len && length < REASON_SIZE - 1 && body.data[length] != '\n' && body.data[length] != '\r')
		length++;
	if (length > 0)
		memcpy(reason, body.data, length);
	reason[length] = '\0';
	url_make_printable(reason);
}

static enum error_kind kind_of_status(unsigned status)
{
	if (status == 401 || status == 403)
		return ERROR_PERMISSION;
	if (status == 408 || status == 429)
		return ERROR_BUSY;
	return status >= 500 ? ERROR_UNAVAILABLE : ERROR_REFUSED;
}

int gateway_result(const char *url, const struct http_answer *answer, struct error *error)
{
	if (answer->status >= 200 && answer->status < 300)
		return 0;
	if (answer->status == 0) {
		*error = answer->error;
		return error_prefix(error, "%s: ", url_text(url).text);
	}
	char reason[REASON_SIZE];
	read_reason(answer->body, reason);
	if (answer->status >= 300 && answer->status < 400)
		strcpy(reason, "redirected elsewhere, which is not followed");
	return error_set(error, kind_of_status(answer->status), "%s: %u%s%s", url_text(url).text, answer->status,
		reason[0] != '\0' ? ": " : "", reason);
}
