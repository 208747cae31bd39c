#include "gateway_start.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

#include "json_bounds.h"
#include "url.h"

#define API_PATH   "/api/v1/status"
#define ANSWER_MAX (1u << 20)
#define DEPTH_MAX  16
#define VALUES_MAX 10000
#define TIME_MAX   100

void gateway_start_init(struct gateway_start *start)
{
	*start = (struct gateway_start){0};
	buffer_init(&start->time, TIME_MAX);
}

void gateway_start_release(struct gateway_start *start)
{
	buffer_release(&start->time);
}

/* The time in an answer; NULL where it has none. */
static const char *find_time(const json_t *status)
{
	const json_t *data = json_object_get(status, "data");
	const char *inetd = json_string_value(json_object_get(json_object_get(data, "flags"), "inetd"));
	if (inetd != NULL && strcmp(inetd, "true") == 0)
		return "inetd";
	return json_string_value(json_object_get(data, "start_time"));
}

static enum gateway_history compare_time(struct gateway_start *start, struct slice answer)
{
	if (json_bounds_check(answer, DEPTH_MAX, VALUES_MAX) != JSON_BOUNDS_KEPT)
		answer.len = 0;
	json_t *status = json_loadb(answer.len > 0 ? answer.data : "", answer.len, 0, NULL);
	const char *found = find_time(status);
	struct slice time = slice_of(found != NULL ? found : ""), before = buffer_slice(&start->time);
	enum gateway_history history = time.len == 0 || before.len == 0 ? GATEWAY_UNKNOWN
				       : slice_equal(time, before)	? GATEWAY_STAYED
									: GATEWAY_RESTARTED;
	buffer_clear(&start->time);
	/* One that is too long stays empty, which is as if it were not known. */
	buffer_append_slice(&start->time, time);
	json_decref(status);
	return history;
}

static void answered(struct http *http, const struct http_answer *answer, void *context)
{
	struct gateway_start *start = context;
	start->error = answer->error;
	if (answer->status != 0)
		start->history = compare_time(start, answer->status == 200 ? answer->body : slice_of(""));
	else if (answer->error.kind == ERROR_TOO_LARGE)
		start->history = compare_time(start, slice_of(""));
	else
		start->history = GATEWAY_AWAY;
	start->done(start->context);
}

int gateway_start_ask(struct gateway_start *start, const struct destination *destination, size_t gateway,
	unsigned timeout, struct http *http, void (*done)(void *context), void *context, struct error *error)
{
	char *url;
	if (asprintf(&url, "%s%s", destination->gateways[gateway].base, API_PATH) == -1)
		return error_set_memory(error);
	const struct http_request request = {
		.method = "GET",
		.url = url,
		.accept = "application/json",
		.timeout = timeout,
		.max_answer = ANSWER_MAX,
		.max_redirects = HTTP_REDIRECTS_DEFAULT,
		.credentials = &destination->credentials,
	};
	start->done = done;
	start->context = context;
	int result = http_add(http, &request, answered, start, error);
	explicit_bzero(url, strlen(url));
	free(url);
	return result;
}
