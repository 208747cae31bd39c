#include "remote_groups.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

#include "age.h"
#include "clock.h"
#include "json_bounds.h"
#include "number.h"
#include "retry.h"
#include "ttl.h"
#include "url.h"

#define API_PATH "/api/v1/metrics"

/* Bytes of a job that name a group with a key over our limits. */
#define JOB_SHOWN 100

static int fail_shape(const char *what, struct error *error)
{
	return error_set(error, ERROR_UNAVAILABLE, "the answer is no list of groups: %s", what);
}

/* A bad grouping key is what such a list can't have; one over our limits it can. */
static int fail_key(struct error *error)
{
	if (error->kind == ERROR_MEMORY || error->kind == ERROR_TOO_LARGE)
		return -1;
	error->kind = ERROR_UNAVAILABLE;
	return error_prefix(error, "the answer is no list of groups: ");
}

static int check_bounds(struct slice text, struct error *error)
{
	switch (json_bounds_check(text, REMOTE_GROUPS_DEPTH_MAX, REMOTE_GROUPS_VALUES_MAX)) {
	case JSON_BOUNDS_TOO_DEEP:
		return fail_shape("it is nested too deep", error);
	case JSON_BOUNDS_TOO_MANY:
		return error_set(
			error, ERROR_TOO_LARGE, "the list of groups has more than %d values", REMOTE_GROUPS_VALUES_MAX);
	case JSON_BOUNDS_KEPT:
		break;
	}
	return 0;
}

static struct slice string_of(const json_t *value)
{
	return slice_make(json_string_value(value), json_string_length(value));
}

static int set_labels(struct grouping_key *key, json_t *labels, struct error *error)
{
	struct limits limits = LIMITS_DEFAULT;
	const char *name;
	json_t *value;
	limits.utf8_names = key->utf8_names = true;
	if (!json_is_object(labels))
		return fail_shape("a group has no labels", error);
	if (json_object_size(labels) > limits.labels)
		return error_set(error, ERROR_TOO_LARGE, "the grouping key has more than %zu labels", limits.labels);
	json_object_foreach(labels, name, value)
	{
		if (!json_is_string(value))
			return fail_shape("the value of a label is no string", error);
		if (grouping_key_set(key, slice_of(name), string_of(value), error) == -1)
			return fail_key(error);
	}
	return grouping_key_finish(key, &limits, error) == 0 ? 0 : fail_key(error);
}

/* Other members of a group are no objects, or objects of strings. */
static bool is_family(json_t *member)
{
	return json_is_array(json_object_get(member, "metrics"));
}

/* The only sample of a family. */
static json_t *sample_of(json_t *group, const char *family)
{
	return json_array_get(json_object_get(json_object_get(group, family), "metrics"), 0);
}

/* The labels of the key. *reason says what is not known of them, or is NULL.
 *
 * A family named labels takes the place of the labels. pgw-serve has them twice then; with the upstream, the times of
 * pushes have them, as each sample of the group does, and an empty label instance where the key has none. */
static json_t *find_labels(json_t *group, const char **reason)
{
	json_t *labels = json_object_get(group, "labels"), *others = json_object_get(group, LABELS_KEY);
	*reason = NULL;
	if (!is_family(labels))
		return labels;
	if (others != NULL && !is_family(others))
		return others;
	labels = json_object_get(sample_of(group, PUSH_TIME_NAME), "labels");
	json_t *instance = json_object_get(labels, "instance");
	if (json_is_string(instance) && json_string_length(instance) == 0) {
		json_object_del(labels, "instance");
		*reason = "a metric family named labels hides whether the group has an empty label instance";
	}
	return labels;
}

/* What a group is called whose key is over our limits: one by its job, or the beginning of that. */
static int name_by_job(struct grouping_key *key, json_t *labels, struct error *error)
{
	const struct limits limits = LIMITS_DEFAULT;
	struct slice job = string_of(json_object_get(labels, "job"));
	if (job.len > JOB_SHOWN) {
		job.len = JOB_SHOWN;
		while (((unsigned char)job.data[job.len] & 0xc0) == 0x80)
			job.len--;
	}
	grouping_key_release(key);
	grouping_key_init(key);
	if (job.data == NULL)
		return fail_shape("a group has no job", error);
	if (grouping_key_set(key, slice_of("job"), job, error) == -1)
		return fail_key(error);
	return grouping_key_finish(key, &limits, error);
}

/* Sets the key; *reason says why it isn't certain. `trouble` is room for that. */
static int set_key(
	struct grouping_key *key, json_t *group, const char **reason, struct error *trouble, struct error *error)
{
	json_t *labels = find_labels(group, reason);
	if (set_labels(key, labels, error) == 0)
		return 0;
	if (error->kind != ERROR_TOO_LARGE)
		return -1;
	*trouble = *error;
	*reason = trouble->message;
	return name_by_job(key, labels, error);
}

/* The value of a family's only sample, in seconds, as ns since the epoch. */
static int64_t time_of(json_t *group, const char *family)
{
	json_t *value = json_object_get(sample_of(group, family), "value");
	double seconds;
	if (!json_is_string(value) || number_parse(string_of(value), &seconds) == -1 || !(seconds > 0))
		return 0;
	return seconds < 9e9 ? (int64_t)(seconds * 1e9) : INT64_C(9000000000) * CLOCK_SECOND;
}

static int64_t ttl_of(json_t *seconds)
{
	int64_t ttl = json_integer_value(seconds);
	return ttl > 0 && ttl <= AGE_MAX / CLOCK_SECOND ? ttl * CLOCK_SECOND : 0;
}

static int add_group(struct group_list *list, struct grouping_key *key, json_t *group, struct error *error)
{
	const char *name;
	const char *reason;
	json_t *member;
	struct error trouble;
	if (set_key(key, group, &reason, &trouble, error) == -1)
		return -1;
	struct group_row row = {
		.key = *key,
		.reason = reason,
		.push_time = time_of(group, PUSH_TIME_NAME),
		.push_failure_time = time_of(group, PUSH_FAILURE_TIME_NAME),
		.ttl = ttl_of(json_object_get(group, TTL_KEY)),
		.bytes = GROUP_LIST_UNKNOWN,
	};
	json_object_foreach(group, name, member)
	{
		row.families += is_family(member);
		row.series += json_array_size(json_object_get(member, "metrics"));
	}
	return group_list_add(list, &row, error);
}

static int compare_rows(const void *first, const void *second)
{
	const struct group_row *a = first, *b = second;
	if ((a->reason != NULL) != (b->reason != NULL))
		return a->reason != NULL ? 1 : -1;
	return slice_compare(a->key.file, b->key.file);
}

static int add_groups(struct group_list *list, json_t *answer, struct error *error)
{
	json_t *groups = json_object_get(answer, "data"), *group;
	size_t i;
	if (!json_is_array(groups))
		return fail_shape("there is no array named data", error);
	json_array_foreach(groups, i, group)
	{
		struct grouping_key key;
		grouping_key_init(&key);
		int result = add_group(list, &key, group, error);
		grouping_key_release(&key);
		if (result == -1)
			return -1;
	}
	if (list->count > 0)
		qsort(list->rows, list->count, sizeof(*list->rows), compare_rows);
	return 0;
}

int remote_groups_parse(struct slice text, struct group_list *list, struct error *error)
{
	json_error_t reason;
	if (check_bounds(text, error) == -1)
		return -1;
	/* A value may have a NUL byte, a label's name not. Of two members of one name, nobody says which one counts. */
	json_t *answer =
		json_loadb(text.len > 0 ? text.data : "", text.len, JSON_ALLOW_NUL | JSON_REJECT_DUPLICATES, &reason);
	if (answer == NULL)
		return json_error_code(&reason) == json_error_out_of_memory ? error_set_memory(error)
									    : fail_shape(reason.text, error);
	int result = add_groups(list, answer, error);
	json_decref(answer);
	return result;
}

/* What comes of the one request. */
struct fetch {
	const char *url;
	struct http_request request;
	struct retry retry;
	struct group_list *list;
	struct error *error;
	int result;
};

static void answered(struct http *http, const struct http_answer *answer, void *context);

static int send_request(struct fetch *fetch, struct http *http, int64_t now, int64_t start, struct error *error)
{
	fetch->request.start = start;
	fetch->request.timeout = retry_share(&fetch->retry, start > now ? start : now);
	return http_add(http, &fetch->request, answered, fetch, error);
}

static void answered(struct http *http, const struct http_answer *answer, void *context)
{
	struct fetch *fetch = context;
	struct error error;
	int64_t now = clock_monotonic(), start;
	fetch->result = gateway_result(fetch->url, answer, fetch->error);
	if (fetch->result == -1) {
		if (retry_again(&fetch->retry, answer, now, &start))
			send_request(fetch, http, now, start, &error);
		return;
	}
	if (remote_groups_parse(answer->body, fetch->list, fetch->error) == -1)
		fetch->result = error_prefix(fetch->error, "%s: ", url_text(fetch->url).text);
}

static int fetch_from(const struct destination *destination, const char *url, unsigned timeout, struct fetch *fetch,
	struct http *http)
{
	int64_t now = clock_monotonic();
	fetch->url = url;
	fetch->request = (struct http_request){
		.method = "GET",
		.max_redirects = HTTP_REDIRECTS_DEFAULT,
		.url = url,
		.accept = "application/json",
		.max_answer = REMOTE_GROUPS_BYTES_MAX,
		.credentials = &destination->credentials,
	};
	retry_init(&fetch->retry, destination->http_options->retries, now + timeout * CLOCK_MILLISECOND);
	if (send_request(fetch, http, now, 0, fetch->error) == -1 || http_run(http, fetch->error) == -1)
		return -1;
	return fetch->result;
}

int remote_groups_fetch(
	const struct destination *destination, unsigned timeout, struct group_list *list, struct error *error)
{
	char *url;
	struct fetch fetch = {.list = list, .error = error, .result = -1};
	if (destination->gateway_count != 1)
		return error_set(error, ERROR_USAGE, "groups can be listed of one gateway at a time (-u)");
	if (asprintf(&url, "%s%s", destination->gateways[0].base, API_PATH) == -1)
		return error_set_memory(error);
	struct http *http = http_new(1, error);
	int result = http == NULL ? -1 : fetch_from(destination, url, timeout, &fetch, http);
	http_free(http);
	explicit_bzero(url, strlen(url));
	free(url);
	return result;
}
