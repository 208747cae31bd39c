/*
 * pgw-scrape-relay: scrapes targets and pushes each as a group.
 *
 * Up to -P targets are on their way at once, each from its scrape through its push; the next one starts when one of
 * them is done, so that no more than P expositions are held. A target that fails is told of and pushes nothing; the
 * others go on. The exit status is that of the first URL, in the order given, that failed.
 */
#include <bsd/stdlib.h>
#include <err.h>
#include <stdlib.h>
#include <sysexits.h>

#include "destination.h"
#include "options.h"
#include "payload.h"
#include "url.h"

#define TIMEOUT	 10000
#define PARALLEL 8
#define ACCEPT	 "text/plain;version=0.0.4;q=1,*/*;q=0.1"

struct relay;

struct target {
	struct relay *relay;
	struct url url;
	struct grouping_key key;
	struct payload payload;
	struct destination_change change;
	int status; /* of the exit, for this target */
};

struct relay {
	struct options_target options;
	struct grouping_key key; /* what all targets share */
	unsigned parallel;
	unsigned timeout; /* ms */
	bool replace;
	bool dry_run;
	bool quiet;
	bool verbose;
	struct limits limits;
	struct destination destination;
	struct http *http;
	struct target *targets;
	size_t count;
	size_t next; /* the target to start next */
};

/* Tells why a target failed. The place is in words, as a URL may itself end in a number. */
static void fail(struct target *target, const struct error *error)
{
	struct url_text url = url_text(target->url.text);
	target->status = error_exit_status(error->kind);
	if (error->line == 0)
		warnx("%s: %s", url.text, error->message);
	else if (error->column == 0)
		warnx("%s: line %u: %s", url.text, error->line, error->message);
	else
		warnx("%s: line %u, column %u: %s", url.text, error->line, error->column, error->message);
}

static void start_next(struct relay *relay);

/* A target is through, with or without success: its memory goes, another one starts. */
static void finish(struct target *target)
{
	payload_release(&target->payload);
	start_next(target->relay);
}

static void pushed(const struct error *failed, void *context)
{
	struct target *target = context;
	if (failed != NULL)
		fail(target, failed);
	else if (target->relay->verbose)
		warnx("%s: %s %s (families: %u, samples: %zu)", url_text(target->url.text).text,
			target->relay->dry_run ? "checked for" : "pushed to", grouping_key_show(&target->key).text,
			target->payload.exposition.family_count, payload_samples(&target->payload));
	finish(target);
}

static int push(struct target *target, struct error *error)
{
	struct relay *relay = target->relay;
	target->change = (struct destination_change){
		.method = relay->replace ? STORE_PUT : STORE_POST,
		.key = &target->key,
		.pushed = &target->payload.exposition,
		.timeout = relay->timeout,
	};
	if (payload_text(&target->payload, &target->change.text, error) == -1)
		return -1;
	if (relay->dry_run) {
		if (destination_check(&relay->destination, &target->change, error) == -1)
			return -1;
		pushed(NULL, target);
		return 0;
	}
	return destination_start(&relay->destination, relay->http, &target->change, pushed, target, error);
}

static int check_status(const struct http_answer *answer, struct error *error)
{
	if (answer->status == 200)
		return 0;
	if (answer->status != 0)
		return error_set(error, answer->status >= 500 ? ERROR_UNAVAILABLE : ERROR_REFUSED,
			"the target answered with status %u", answer->status);
	*error = answer->error;
	return -1;
}

/* Keeps the exposition, which must be one that can be pushed. */
static int take(struct target *target, struct slice body, struct error *error)
{
	const struct relay *relay = target->relay;
	struct payload *payload = &target->payload;
	if (buffer_append_slice(&payload->text, body) == -1)
		return error_set_memory(error);
	int mended = payload_end_text(payload, error);
	if (mended == -1 || payload_parse(payload, false, &relay->limits, error) == -1)
		return -1;
	if (mended == 1 && !relay->quiet)
		warnx("%s: added the newline that is missing at the end", url_text(target->url.text).text);
	return 0;
}

static void scraped(struct http *http, const struct http_answer *answer, void *context)
{
	struct target *target = context;
	struct error error;
	if (check_status(answer, &error) == 0 && take(target, answer->body, &error) == 0 && push(target, &error) == 0)
		return;
	fail(target, &error);
	finish(target);
}

static int start(struct target *target, struct error *error)
{
	const struct relay *relay = target->relay;
	const struct http_request request = {
		.method = "GET",
		.url = target->url.text,
		.accept = ACCEPT,
		.timeout = relay->timeout,
		.max_answer = relay->limits.body,
		.max_redirects = HTTP_REDIRECTS_DEFAULT,
	};
	return http_add(relay->http, &request, scraped, target, error);
}

static void start_next(struct relay *relay)
{
	struct error error;
	while (relay->next < relay->count) {
		struct target *target = &relay->targets[relay->next++];
		if (start(target, &error) == 0)
			return;
		fail(target, &error);
	}
}

static int relay_all(struct relay *relay, struct error *error)
{
	relay->http = http_new(relay->parallel, error);
	if (relay->http == NULL)
		return -1;
	for (unsigned i = 0; i < relay->parallel; i++)
		start_next(relay);
	return http_run(relay->http, error);
}

/* HOST:PORT as Prometheus has it, which adds the port that the scheme stands for. */
static int set_instance(struct target *target, struct error *error)
{
	struct slice host = target->url.host;
	const char *bracket = memchr(host.data, ']', host.len);
	const char *from = bracket != NULL ? bracket : host.data;
	bool has_port = memchr(from, ':', (size_t)(host.data + host.len - from)) != NULL;
	const char *port = target->url.is_tls ? ":443" : ":80";
	char *instance;
	if (asprintf(&instance, "%.*s%s", SLICE_PRINTF(host), has_port || target->url.is_unix ? "" : port) == -1)
		return error_set_memory(error);
	int result = grouping_key_set(&target->key, slice_of("instance"), slice_of(instance), error);
	free(instance);
	return result;
}

static int copy_key(struct grouping_key *to, const struct grouping_key *from, struct error *error)
{
	for (size_t i = 0; i < from->count; i++)
		if (grouping_key_set(to, from->labels[i].name, from->labels[i].value, error) == -1)
			return -1;
	return 0;
}

/* The targets stay in a state that target_release() takes, whatever fails. */
static int target_init(struct target *target, struct relay *relay, const char *url, struct error *error)
{
	*target = (struct target){.relay = relay};
	grouping_key_init(&target->key);
	payload_init(&target->payload, relay->limits.body);
	if (url_init(&target->url, url, error) == -1 || copy_key(&target->key, &relay->key, error) == -1)
		return -1;
	if (relay->count > 1 && set_instance(target, error) == -1)
		return -1;
	return grouping_key_finish(&target->key, &relay->limits, error);
}

static void target_release(struct target *target)
{
	url_release(&target->url);
	grouping_key_release(&target->key);
	payload_release(&target->payload);
}

static int compare_groups(const void *a, const void *b)
{
	const struct target *const *left = a, *const *right = b;
	return slice_compare((*left)->key.text, (*right)->key.text);
}

/* Two targets in one group would overwrite each other. */
static int check_distinct(const struct relay *relay, struct error *error)
{
	struct target **sorted = reallocarray(NULL, relay->count, sizeof(struct target *));
	if (sorted == NULL)
		return error_set_memory(error);
	for (size_t i = 0; i < relay->count; i++)
		sorted[i] = &relay->targets[i];
	qsort(sorted, relay->count, sizeof(struct target *), compare_groups);
	int result = 0;
	for (size_t i = 1; i < relay->count && result == 0; i++)
		if (slice_equal(sorted[i - 1]->key.text, sorted[i]->key.text))
			result = error_set(
				error, ERROR_USAGE, "two URLs would be one group, %s", sorted[i]->key.text.data);
	free(sorted);
	return result;
}

static int make_targets(struct relay *relay, char *urls[], size_t count, struct error *error)
{
	if (count > 1 && grouping_key_value(&relay->key, "instance").data != NULL)
		return error_set(
			error, ERROR_USAGE, "the label instance can't be given for several URLs, each has its own");
	relay->targets = calloc(count, sizeof(*relay->targets));
	if (relay->targets == NULL)
		return error_set_memory(error);
	relay->count = count;
	for (size_t i = 0; i < count; i++)
		if (target_init(&relay->targets[i], relay, urls[i], error) == -1)
			return -1;
	return check_distinct(relay, error);
}

static int first_failure(const struct relay *relay)
{
	for (size_t i = 0; i < relay->count; i++)
		if (relay->targets[i].status != EX_OK)
			return relay->targets[i].status;
	return EX_OK;
}

/* 0 with the exit status, or -1 with the error that ended all. */
static int run(struct relay *relay, char *urls[], size_t count, int *status, struct error *error)
{
	const struct spool_options options = SPOOL_OPTIONS_DEFAULT;
	if (count == 0)
		return error_set(error, ERROR_USAGE, "no URL to scrape");
	if (destination_init(&relay->destination, &relay->options, &options, &relay->key, error) == -1)
		return -1;
	int result = make_targets(relay, urls, count, error);
	if (result == 0)
		result = relay_all(relay, error);
	*status = first_failure(relay);
	http_free(relay->http);
	for (size_t i = 0; i < relay->count; i++)
		target_release(&relay->targets[i]);
	free(relay->targets);
	destination_release(&relay->destination);
	return result;
}

int main(int argc, char *argv[])
{
	struct relay relay = {.parallel = PARALLEL, .timeout = TIMEOUT, .limits = LIMITS_DEFAULT};
	const struct option_spec specs[] = {
		OPTIONS_SPOOL(&relay.options.spool),
		OPTIONS_URL(&relay.options.urls),
		OPTIONS_HTTP(&relay.options.http),
		OPTIONS_COMPRESS(&relay.options.http),
		OPTIONS_KEY(&relay.key),
		{'P', "parallel", "N", OPTION_COUNT, &relay.parallel, "how many scrapes at once (default: 8)"},
		{'n', "dry-run", NULL, OPTION_FLAG, &relay.dry_run, "scrape and check only, change nothing"},
		{'r', "replace", NULL, OPTION_FLAG, &relay.replace, "replace whole groups, not only their families"},
		{'t', "timeout", "SECONDS", OPTION_DURATION, &relay.timeout,
			"for each scrape, and for each push with all its tries (default: 10)"},
		OPTIONS_COMMON(&relay.quiet, &relay.verbose),
	};
	const struct command_line line = {
		.tool = "pgw-scrape-relay",
		.synopsis = "[-d DIR | -u URL...] -j JOB [-l NAME=VALUE]... [-nqrvz] [-P N] [-t SECONDS] [--retry N] "
			    "URL...",
		.purpose = "Scrapes each URL once and pushes what it has as a group.",
		.specs = specs,
		.count = OPTIONS_COUNT(specs),
		.notes = "With several URLs each group has the label instance=HOST:PORT of its URL.",
	};
	struct error error;
	int status = EX_OK;
	destination_ignore_signals();
	grouping_key_init(&relay.key);
	int first = options_parse(&line, argc, argv, &error);
	if (first == -1 || (first > 0 && run(&relay, argv + first, (size_t)(argc - first), &status, &error) == -1))
		status = options_fail(&line, &error);
	options_target_release(&relay.options);
	grouping_key_release(&relay.key);
	return options_finish(status);
}
