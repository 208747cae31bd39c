#include "api.h"

#include <errno.h>
#include <stdio.h>
#include <time.h>

#include "api_metric.h"
#include "clock.h"
#include "exposition.h"
#include "group.h"
#include "json.h"
#include "protobuf.h"
#include "request.h"
#include "settings.h"
#include "text.h"
#include "ttl.h"

#define JSON_TYPE "application/json"

static void add_cors_headers(struct request *request)
{
	static const char *const headers[][2] = {
		{"Access-Control-Allow-Headers", "Accept, Authorization, Content-Type, Origin"},
		{"Access-Control-Allow-Methods", "GET, POST, DELETE, OPTIONS"},
		{"Access-Control-Allow-Origin", "*"},
		{"Access-Control-Expose-Headers", "Date"},
		{"Cache-Control", "no-cache, no-store, must-revalidate"},
	};
	for (size_t i = 0; i < sizeof(headers) / sizeof(headers[0]); i++)
		request_add_header(request, headers[i][0], headers[i][1]);
}

static void answer_json(struct request *request, unsigned status, struct buffer *body)
{
	request_answer_buffer(request, status, JSON_TYPE, body);
	add_cors_headers(request);
}

static void answer_json_error(struct request *request, const struct error *error)
{
	struct buffer body;
	struct json json;
	buffer_init(&body, SIZE_MAX);
	json_init(&json, &body);
	json_begin_object(&json);
	json_key(&json, "status");
	json_string(&json, slice_of("error"));
	json_key(&json, "errorType");
	json_string(&json, slice_of("internal"));
	json_key(&json, "error");
	json_string(&json, slice_of(error->message));
	json_end_object(&json);
	if (json_finish(&json) == -1)
		request_answer(request, MHD_HTTP_INTERNAL_SERVER_ERROR, 0, NULL);
	else
		answer_json(request, MHD_HTTP_INTERNAL_SERVER_ERROR, &body);
	buffer_release(&body);
}

static void begin_success(struct json *json, struct buffer *body)
{
	buffer_init(body, SIZE_MAX);
	json_init(json, body);
	json_begin_object(json);
	json_key(json, "status");
	json_string(json, slice_of("success"));
	json_key(json, "data");
}

static void finish_success(struct request *request, struct json *json, struct buffer *body)
{
	struct error error;
	json_end_object(json);
	if (json_finish(json) == -1) {
		error_set_memory(&error);
		answer_json_error(request, &error);
	} else {
		answer_json(request, MHD_HTTP_OK, body);
	}
	buffer_release(body);
}

/* RFC 3339 in UTC, the fraction without zeros at its end. */
static void append_time(struct json *json, int64_t nanoseconds)
{
	time_t seconds = nanoseconds / CLOCK_SECOND;
	int fraction = (int)(nanoseconds % CLOCK_SECOND);
	struct tm fields;
	char text[64];
	if (fraction < 0) {
		fraction += CLOCK_SECOND;
		seconds--;
	}
	gmtime_r(&seconds, &fields);
	size_t len = strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &fields);
	len += (size_t)snprintf(text + len, sizeof(text) - len, ".%09d", fraction);
	while (text[len - 1] == '0')
		len--;
	len -= text[len - 1] == '.';
	text[len++] = 'Z';
	json_string(json, slice_make(text, len));
}

void api_handle_status(struct request *request)
{
	static const char *const unknown[] = {"branch", "buildDate", "buildUser", "goVersion", "revision"};
	struct json json;
	struct buffer body;
	begin_success(&json, &body);
	json_begin_object(&json);
	json_key(&json, "build_information");
	json_begin_object(&json);
	for (size_t i = 0; i < sizeof(unknown) / sizeof(unknown[0]); i++) {
		json_key(&json, unknown[i]);
		json_string(&json, slice_of(""));
	}
	json_key(&json, "version");
	json_string(&json, slice_of(PGW_VERSION));
	json_end_object(&json);
	json_key(&json, "flags");
	settings_append_flags(request->service->settings, &json);
	json_key(&json, "start_time");
	append_time(&json, request->service->start_time);
	json_end_object(&json);
	finish_success(request, &json, &body);
}

static void append_help(struct json *json, struct slice escaped, struct buffer *scratch)
{
	buffer_clear(scratch);
	if (escaped.len == 0)
		return;
	if (text_unescape(scratch, escaped) == -1)
		json->failed = errno;
	json_key(json, "help");
	json_string(json, buffer_slice(scratch));
}

static void append_family(struct json *json, const struct exposition *exposition, const struct metric_family *family,
	int64_t pushed, struct buffer *scratch)
{
	json_begin_object(json);
	json_key(json, "time_stamp");
	append_time(json, pushed);
	json_key(json, "type");
	json_string(json, slice_of(protobuf_type_name(exposition, family)));
	append_help(json, family->help, scratch);
	json_key(json, "metrics");
	json_begin_array(json);
	for (uint32_t i = family->first_metric; i != EXPOSITION_NONE; i = exposition->metrics[i].next)
		api_append_metric(json, exposition, family, i, scratch);
	json_end_array(json);
	json_end_object(json);
}

static void append_key(struct json *json, const char *name, const struct grouping_key *key)
{
	json_key(json, name);
	json_begin_object(json);
	for (size_t i = 0; i < key->count; i++) {
		json_key_slice(json, key->labels[i].name);
		json_string(json, key->labels[i].value);
	}
	json_end_object(json);
}

/* A family of one of these names takes their place, as with the upstream. */
static void append_about(struct json *json, const struct group *group)
{
	if (group_block(group, slice_of("labels")) == NULL)
		append_key(json, "labels", &group->key);
	else if (group_block(group, slice_of(LABELS_KEY)) == NULL)
		append_key(json, LABELS_KEY, &group->key);
	if (group_block(group, slice_of("last_push_successful")) == NULL) {
		json_key(json, "last_push_successful");
		json_bool(json, group->push_failure_time <= group->push_time);
	}
	/* Not what a family would be named, so that no other client is surprised. */
	if (group->ttl != 0 && group_block(group, slice_of(TTL_KEY)) == NULL) {
		json_key(json, TTL_KEY);
		json_integer(json, group->ttl / CLOCK_SECOND);
	}
}

/* The time of a push or a failure that there never was is as old as the first of the other kind, with the upstream;
 * that is not known here, the last one is. */
static int64_t pushed_at(const struct group *group, const struct block *block)
{
	if (block->pushed != 0)
		return block->pushed;
	return group->push_time > group->push_failure_time ? group->push_time : group->push_failure_time;
}

static int append_group(struct json *json, const struct group *group, const struct limits *limits,
	struct buffer *scratch, struct error *error)
{
	struct exposition exposition;
	struct limits file_limits = group_file_limits(limits);
	struct buffer text;
	exposition_init(&exposition);
	buffer_init(&text, SIZE_MAX / 2);
	int result = group_append_text(group, &text) == -1 ? error_set_memory(error) : 0;
	if (result == 0)
		result = exposition_parse(&exposition, buffer_slice(&text), &file_limits, error);
	if (result == 0 && group->natives)
		result = protobuf_attach_natives(&exposition, buffer_slice(&text), &file_limits, error);
	if (result == 0) {
		json_begin_object(json);
		append_about(json, group);
		for (uint32_t i = 0; i < exposition.family_count; i++) {
			const struct metric_family *family = &exposition.families[i];
			const struct block *block = group_block(group, family->name);
			if (block == NULL)
				continue;
			json_key_slice(json, family->name);
			append_family(json, &exposition, family, pushed_at(group, block), scratch);
		}
		json_end_object(json);
	}
	exposition_release(&exposition);
	buffer_release(&text);
	return result;
}

/* All groups, with those behind them that are left out of scrapes since they clash. */
static int append_groups(struct json *json, const struct view *view, const struct limits *limits, struct error *error)
{
	struct buffer scratch;
	const struct group *group = NULL;
	const void *cursor = NULL;
	const char *file, *reason;
	int result = 0;
	buffer_init(&scratch, SIZE_MAX);
	while (result == 0 && (group = view_next(view, group)) != NULL)
		result = append_group(json, group, limits, &scratch, error);
	while (result == 0 && view_next_rejected(view, &cursor, &file, &reason)) {
		group = view_stored_group(view, slice_of(file));
		if (group != NULL)
			result = append_group(json, group, limits, &scratch, error);
	}
	buffer_release(&scratch);
	return result;
}

void api_handle_metrics(struct request *request)
{
	struct service *service = request->service;
	struct buffer body;
	struct json json;
	struct error error;
	if (!service_takes_answer(service)) {
		request_answer_text(request, MHD_HTTP_SERVICE_UNAVAILABLE, "too many scrapes at a time; try again");
		return;
	}
	if (service_refresh(service, &error) == -1) {
		answer_json_error(request, &error);
		return;
	}
	begin_success(&json, &body);
	json_begin_array(&json);
	int result = append_groups(&json, service->store.view, &service->limits, &error);
	json_end_array(&json);
	if (result == -1) {
		buffer_release(&body);
		answer_json_error(request, &error);
	} else {
		finish_success(request, &json, &body);
	}
}

void api_handle_options(struct request *request)
{
	request_answer_empty(request, MHD_HTTP_OK, NULL, NULL);
	add_cors_headers(request);
}
