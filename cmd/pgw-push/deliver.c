#include "deliver.h"

#include <err.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "queue.h"
#include "url.h"

/* The sending of what waits. */
struct flush {
	const struct deliver_options *options;
	struct destination *destination;
	const struct url_list *urls; /* as given; none for all */
	struct queue *queue;
	unsigned timeout;		      /* ms for a push */
	int64_t deadline;		      /* ns of the monotonic clock, for all of them */
	struct destination_outcome *outcomes; /* of each gateway; failed where something still waits for it */
	int result;
	struct error *error; /* the first one, where the result is -1 */
};

/* Whether another time may bring success. */
static bool may_wait(const struct error *error)
{
	return error->kind == ERROR_UNAVAILABLE || error->kind == ERROR_BUSY;
}

/* Whether it is this push that the gateway doesn't want, and not the pusher. */
static bool is_refused(const struct error *error)
{
	return error->kind == ERROR_REFUSED;
}

static void warn_of_dropped(const struct deliver_options *options, struct queue *queue)
{
	if (queue->dropped > 0 && !options->quiet)
		warnx("%s: dropped %u that waited, over the limits of age and size", queue->path, queue->dropped);
	queue->dropped = 0;
}

/* Keeps the first error, tells of the others. */
static void note(struct flush *flush, const struct error *error)
{
	if (flush->result == 0)
		*flush->error = *error;
	else
		warnx("%s", error->message);
	flush->result = -1;
}

static void set_aside(struct flush *flush, const char *name, struct error *why)
{
	struct error error;
	error_prefix(why, "%s/refused/%s is set aside: ", flush->queue->path, name);
	note(flush, why);
	if (queue_set_aside(flush->queue, name, &error) == -1)
		note(flush, &error);
}

/* The gateway that an entry waits for; the number of all where it isn't among them. */
static size_t find_gateway(const struct destination *destination, const struct gateway *wanted)
{
	size_t i = 0;
	while (i < destination->gateway_count && !gateway_is_same(&destination->gateways[i], wanted))
		i++;
	return i;
}

static unsigned time_left(const struct flush *flush)
{
	int64_t left = (flush->deadline - clock_monotonic()) / CLOCK_MILLISECOND;
	return left < 1 ? 1 : left < flush->timeout ? (unsigned)left : flush->timeout;
}

/* Sends an entry to its gateway only. */
static int send_entry(struct flush *flush, const struct queue_entry *entry, const struct grouping_key *key,
	size_t gateway, struct error *error)
{
	size_t count = flush->destination->gateway_count;
	struct destination_outcome *only = calloc(count, sizeof(*only));
	if (only == NULL)
		return error_set_memory(error);
	for (size_t i = 0; i < count; i++)
		only[i].skip = i != gateway;
	struct destination_change change = {
		.method = entry->method,
		.key = key,
		.text = entry->text,
		.ttl = entry->ttl,
		.timeout = time_left(flush),
		.outcomes = only,
	};
	int result = destination_apply(flush->destination, &change, error);
	free(only);
	return result;
}

static int settle(struct flush *flush, const char *name, const struct queue_entry *entry, size_t gateway, int result,
	struct error *error)
{
	struct destination_outcome *outcome = &flush->outcomes[gateway];
	if (result == 0) {
		if (flush->options->verbose)
			warnx("%s: pushed what waited", url_text(entry->url).text);
		return queue_remove(flush->queue, name, error);
	}
	if (is_refused(error)) {
		set_aside(flush, name, error);
		return 0;
	}
	outcome->failed = true;
	outcome->error = *error;
	return 0;
}

/* 0, or -1 where the queue or this machine fails. */
static int flush_entry(struct flush *flush, const char *name, const struct queue_entry *entry, struct error *error)
{
	const struct limits limits = LIMITS_DEFAULT;
	struct grouping_key key;
	struct gateway gateway = {0};
	int result = 0;
	grouping_key_init(&key);
	if (gateway_init(&gateway, entry->url, &key, error) == -1 || grouping_key_finish(&key, &limits, error) == -1) {
		set_aside(flush, name, error);
	} else {
		size_t found = find_gateway(flush->destination, &gateway);
		if (found == flush->destination->gateway_count || flush->outcomes[found].failed)
			goto out;
		int sent = send_entry(flush, entry, &key, found, error);
		result = settle(flush, name, entry, found, sent, error);
	}
out:
	gateway_release(&gateway);
	grouping_key_release(&key);
	return result;
}

static int flush_all(struct flush *flush, struct error *error)
{
	struct queue_names names;
	struct queue_entry entry;
	int result = queue_list(flush->queue, &names, error);
	for (size_t i = 0; i < names.count && result == 0; i++) {
		int found = queue_read(flush->queue, names.names[i], &entry, error);
		if (found == -1 && error->kind == ERROR_SYNTAX)
			set_aside(flush, names.names[i], error);
		else if (found == -1)
			result = -1;
		if (found != 1)
			continue;
		result = flush_entry(flush, names.names[i], &entry, error);
		queue_entry_release(&entry);
	}
	if (names.count > 0 && queue_sync(flush->queue, result == 0 ? error : &(struct error){0}) == -1)
		result = -1;
	queue_names_release(&names);
	return result;
}

/* Sends what waits, as far as that goes; the push itself comes next in any case. */
static void flush_before(struct flush *flush)
{
	struct error error;
	if (queue_lock(flush->queue, flush->deadline, &error) == -1) {
		/* Somebody else sends what waits, and the new push mustn't come before. */
		for (size_t i = 0; i < flush->destination->gateway_count; i++) {
			flush->outcomes[i].failed = true;
			flush->outcomes[i].error = error;
		}
	} else if (flush_all(flush, &error) == -1) {
		note(flush, &error);
	}
	if (flush->result == -1)
		warnx("%s", flush->error->message);
	flush->result = 0;
	warn_of_dropped(flush->options, flush->queue);
}

/* Pushes to the gateways for which nothing waits; each outcome then says why a gateway doesn't have the push. */
static void push(struct flush *flush, struct destination_change *change)
{
	struct error error;
	size_t count = flush->destination->gateway_count, left = 0;
	for (size_t i = 0; i < count; i++) {
		flush->outcomes[i].skip = flush->outcomes[i].failed;
		left += !flush->outcomes[i].skip;
	}
	change->timeout = time_left(flush);
	change->outcomes = flush->outcomes;
	if (left == 0 || destination_apply(flush->destination, change, &error) == 0)
		return;
	bool told = false;
	for (size_t i = 0; i < count; i++)
		told |= !flush->outcomes[i].skip && flush->outcomes[i].failed;
	for (size_t i = 0; i < count && !told; i++) {
		if (flush->outcomes[i].skip)
			continue;
		flush->outcomes[i].failed = true;
		flush->outcomes[i].error = error;
	}
}

/* Puts the push into the queue for one gateway. */
static int keep(struct flush *flush, const struct destination_change *change, const struct gateway *gateway,
	struct error *error)
{
	struct queue_entry entry = {.method = change->method, .ttl = change->ttl, .text = change->text};
	entry.url = gateway_bare_url(gateway, change->key, error);
	int result = entry.url == NULL ? -1 : queue_add(flush->queue, &entry, error);
	free(entry.url);
	return result == -1 ? error_prefix(error, "the push can't be kept: ") : 0;
}

/* Puts the push into the queue where that may help. */
static void keep_failed(struct flush *flush, const struct destination_change *change, bool *queued)
{
	struct error error;
	for (size_t i = 0; i < flush->destination->gateway_count; i++) {
		const struct destination_outcome *outcome = &flush->outcomes[i];
		if (!outcome->failed)
			continue;
		if (!may_wait(&outcome->error)) {
			note(flush, &outcome->error);
		} else if (keep(flush, change, &flush->destination->gateways[i], &error) == -1) {
			note(flush, &outcome->error);
			note(flush, &error);
		} else {
			*queued = true;
			if (!flush->options->quiet)
				warnx("%s; the push waits in %s", outcome->error.message, flush->queue->path);
		}
	}
	warn_of_dropped(flush->options, flush->queue);
}

static int deliver_with_queue(const struct deliver_options *options, struct destination *destination,
	struct destination_change *change, bool *queued, struct error *error)
{
	struct queue queue;
	const struct queue_options *limits = &options->queue;
	if (queue_open(&queue, limits->path, limits->age, limits->size, error) == -1)
		return -1;
	struct flush flush = {
		.options = options,
		.destination = destination,
		.queue = &queue,
		.timeout = change->timeout,
		.deadline = clock_monotonic() + change->timeout * CLOCK_MILLISECOND,
		.outcomes = calloc(destination->gateway_count, sizeof(*flush.outcomes)),
		.error = error,
	};
	if (flush.outcomes == NULL) {
		error_set_memory(error);
		flush.result = -1;
	} else {
		flush_before(&flush);
		push(&flush, change);
		keep_failed(&flush, change, queued);
	}
	change->outcomes = NULL;
	free(flush.outcomes);
	queue_close(&queue);
	return flush.result;
}

int deliver(const struct deliver_options *options, struct destination *destination, struct destination_change *change,
	bool *queued, struct error *error)
{
	*queued = false;
	if (options->dry_run)
		return destination_check(destination, change, error);
	if (options->queue.path == NULL || destination->spool != NULL)
		return destination_apply(destination, change, error);
	return deliver_with_queue(options, destination, change, queued, error);
}

/* Calls `use` for each push that waits: for one that can't be read without an entry, and with the error. */
typedef int use_entry(const struct queue_entry *entry, void *context, struct error *error);

static int for_each(struct queue *queue, use_entry *use, void *context, struct error *error)
{
	struct queue_names names;
	struct queue_entry entry;
	int result = queue_list(queue, &names, error);
	for (size_t i = 0; i < names.count && result == 0; i++) {
		int found = queue_read(queue, names.names[i], &entry, error);
		if (found != 0)
			result = use(found == 1 ? &entry : NULL, context, error);
		if (found == 1)
			queue_entry_release(&entry);
	}
	queue_names_release(&names);
	return result;
}

/* Whether an entry's gateway is among some URLs. 1; 0, with that gateway's base where it has one; or -1 with an error
 * of the list. */
static int is_listed(const struct url_list *list, const char *url, char **base, struct error *error)
{
	struct grouping_key key;
	struct gateway wanted, known;
	struct error unused;
	int result = 0;
	grouping_key_init(&key);
	*base = NULL;
	if (gateway_init(&wanted, url, &key, &unused) == 0) {
		for (size_t i = 0; i < list->count && result == 0; i++) {
			result = gateway_init(&known, list->urls[i], NULL, error);
			if (result == 0)
				result = gateway_is_same(&known, &wanted);
			gateway_release(&known);
		}
		*base = wanted.base;
		wanted.base = NULL;
		gateway_release(&wanted);
	}
	grouping_key_release(&key);
	return result;
}

/* Of what the flush would send. */
static int print_entry(const struct queue_entry *entry, void *context, struct error *error)
{
	struct flush *flush = context;
	char *base;
	if (entry == NULL) {
		note(flush, error);
		return 0;
	}
	int listed = is_listed(flush->urls, entry->url, &base, error);
	free(base);
	if (listed == 1 || flush->urls->count == 0)
		printf("%s %s\n", entry->method == STORE_PUT ? "PUT" : "POST", url_text(entry->url).text);
	return listed == -1 ? -1 : 0;
}

/* Adds an entry's gateway to those of the target, where it isn't among them. */
static int add_url(const struct queue_entry *entry, void *context, struct error *error)
{
	char *base;
	if (entry == NULL)
		return 0;
	int result = is_listed(context, entry->url, &base, error);
	if (result == 0 && base != NULL)
		result = options_add_url(context, base, error);
	free(base);
	return result == -1 ? -1 : 0;
}

/* The gateways: those given; else what the environment names, whose URL may have a password, and all others. */
static int choose_gateways(struct queue *queue, struct options_target *target, struct error *error)
{
	const char *url = getenv("PGW_URL");
	if (target->urls.count > 0)
		return 0;
	if (url != NULL && *url != '\0' && options_add_url(&target->urls, url, error) == -1)
		return -1;
	return for_each(queue, add_url, &target->urls, error);
}

static int flush_queue(struct flush *flush, struct options_target *target, struct error *error)
{
	const struct spool_options unused = SPOOL_OPTIONS_DEFAULT;
	struct destination destination = {0};
	/* Without a gateway there may still be files that are no pushes, and are set aside. */
	if (target->urls.count > 0 && destination_init(&destination, target, &unused, NULL, error) == -1)
		return -1;
	flush->destination = &destination;
	flush->outcomes = calloc(destination.gateway_count + 1, sizeof(*flush->outcomes));
	int result = flush->outcomes == NULL ? error_set_memory(error) : flush_all(flush, error);
	for (size_t i = 0; i < destination.gateway_count && result == 0; i++)
		if (flush->outcomes[i].failed)
			note(flush, &flush->outcomes[i].error);
	free(flush->outcomes);
	destination_release(&destination);
	return result;
}

int deliver_queue(
	const struct deliver_options *options, struct options_target *target, unsigned timeout, struct error *error)
{
	struct queue queue;
	struct error failed;
	int done;
	const struct queue_options *limits = &options->queue;
	if (target->spool != NULL)
		return error_set(error, ERROR_USAGE, "a queue (--queue) is for gateways (-u), not for a spool (-d)");
	/* In a queue that doesn't exist nothing waits, and only looking doesn't make one. */
	if (options->dry_run && access(limits->path, F_OK) == -1 && errno == ENOENT)
		return 0;
	if (queue_open(&queue, limits->path, limits->age, limits->size, error) == -1)
		return -1;
	struct flush flush = {.options = options,
		.urls = &target->urls,
		.queue = &queue,
		.timeout = timeout,
		.deadline = INT64_MAX,
		.error = error};
	int64_t lock_deadline = clock_monotonic() + timeout * CLOCK_MILLISECOND;
	if (options->dry_run)
		done = for_each(&queue, print_entry, &flush, &failed);
	else if (queue_lock(&queue, lock_deadline, &failed) == -1 || choose_gateways(&queue, target, &failed) == -1)
		done = -1;
	else
		done = flush_queue(&flush, target, &failed);
	if (done == -1)
		note(&flush, &failed);
	warn_of_dropped(options, &queue);
	queue_close(&queue);
	return flush.result;
}
