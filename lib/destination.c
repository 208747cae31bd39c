#include "destination.h"

#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "delivery.h"
#include "url.h"

#define ROUND_MAX 32 /* changes that are made together */

void destination_ignore_signals(void)
{
	signal(SIGXFSZ, SIG_IGN);
	signal(SIGPIPE, SIG_IGN);
}

static int add_gateways(
	struct destination *destination, const struct url_list *list, struct grouping_key *key, struct error *error)
{
	destination->gateways = calloc(list->count, sizeof(*destination->gateways));
	if (destination->gateways == NULL)
		return error_set_memory(error);
	const struct credentials *credentials = &destination->credentials;
	for (size_t i = 0; i < list->count; i++) {
		struct gateway *gateway = &destination->gateways[i];
		if (gateway_init(gateway, list->urls[i], list->count == 1 ? key : NULL, error) == -1)
			return -1;
		destination->gateway_count++;
		if (strcmp(gateway->base, gateway->bare) != 0 &&
			(credentials->user_password != NULL || credentials->token != NULL))
			return error_set(error, ERROR_USAGE, "%s: the URL has a user, and a file has another",
				url_text(gateway->bare).text);
	}
	return 0;
}

int destination_init_any(struct destination *destination, struct options_target *target,
	const struct spool_options *options, struct grouping_key *key, struct error *error)
{
	*destination = (struct destination){.options = *options, .http_options = &target->http};
	if (options_choose_target(target, error) == -1)
		return -1;
	destination->spool = target->spool;
	int result = 0;
	if (target->urls.count > 0)
		result = credentials_init(&destination->credentials, &target->http, error);
	if (result == 0 && target->urls.count > 0)
		result = add_gateways(destination, &target->urls, key, error);
	if (result == -1)
		destination_release(destination);
	return result;
}

int destination_init(struct destination *destination, struct options_target *target,
	const struct spool_options *options, struct grouping_key *key, struct error *error)
{
	if (destination_init_any(destination, target, options, key, error) == -1)
		return -1;
	if (key == NULL || grouping_key_value(key, "job").data != NULL)
		return 0;
	destination_release(destination);
	return error_set(error, ERROR_USAGE, "the job is missing, give it with -j");
}

void destination_release(struct destination *destination)
{
	http_free(destination->http);
	destination->http = NULL;
	for (size_t i = 0; i < destination->gateway_count; i++)
		gateway_release(&destination->gateways[i]);
	free(destination->gateways);
	destination->gateways = NULL;
	destination->gateway_count = 0;
	credentials_release(&destination->credentials);
	if (destination->store_is_open)
		store_close(&destination->store);
	destination->store_is_open = false;
}

static int open_store(struct destination *destination, struct error *error)
{
	const struct limits limits = LIMITS_DEFAULT;
	if (!destination->store_is_open && store_open(&destination->store, destination->spool, &destination->options,
						   destination->stays ? VIEW_FOLLOW : VIEW_SCAN, &limits, error) == -1)
		return -1;
	destination->store_is_open = true;
	return 0;
}

static void store_round(struct destination *destination, struct destination_change *const *changes, size_t count)
{
	struct store_change stored[ROUND_MAX];
	struct store_change *batch[ROUND_MAX];
	int64_t now = clock_wall();
	for (size_t i = 0; i < count; i++) {
		stored[i] = (struct store_change){
			.method = changes[i]->method,
			.key = changes[i]->key,
			.pushed = changes[i]->pushed,
			.ttl = changes[i]->ttl,
			.time = now,
		};
		batch[i] = &stored[i];
	}
	store_commit(&destination->store, batch, count);
	for (size_t i = 0; i < count; i++) {
		changes[i]->existed = stored[i].existed;
		changes[i]->failed = stored[i].failed;
		if (stored[i].failed)
			changes[i]->error = stored[i].error;
	}
}

void destination_store(struct destination *destination, struct destination_change *const *changes, size_t count)
{
	struct error error;
	if (open_store(destination, &error) == -1) {
		for (size_t i = 0; i < count; i++) {
			changes[i]->failed = true;
			changes[i]->error = error;
		}
		return;
	}
	for (size_t done = 0; done < count; done += ROUND_MAX)
		store_round(destination, changes + done, count - done < ROUND_MAX ? count - done : ROUND_MAX);
}

static int apply_to_spool(struct destination *destination, struct destination_change *change, struct error *error)
{
	destination_store(destination, &change, 1);
	if (!change->failed)
		return 0;
	*error = change->error;
	return -1;
}

int destination_check(struct destination *destination, const struct destination_change *change, struct error *error)
{
	if (destination->spool == NULL || spool_is_new(destination->spool))
		return exposition_check(change->pushed, error);
	destination->options.create = false;
	int opened = open_store(destination, error);
	if (opened == -1 && error->kind == ERROR_PERMISSION) {
		destination->options.read_only = true;
		opened = open_store(destination, error);
	}
	if (opened == -1)
		return -1;
	const struct store_change pushed = {.method = change->method, .key = change->key, .pushed = change->pushed};
	return store_check(&destination->store, &pushed, error);
}

int destination_start(struct destination *destination, struct http *http, struct destination_change *change,
	destination_done *done, void *context, struct error *error)
{
	if (destination->spool == NULL)
		return delivery_start(destination, http, change, done, context, error);
	struct error failed;
	int result = apply_to_spool(destination, change, &failed);
	done(result == -1 ? &failed : NULL, context);
	return 0;
}

/* How the one change of destination_apply() went. */
struct outcome {
	int result;
	struct error *error;
};

static void keep_outcome(const struct error *failed, void *context)
{
	struct outcome *outcome = context;
	outcome->result = failed == NULL ? 0 : -1;
	if (failed != NULL)
		*outcome->error = *failed;
}

int destination_apply(struct destination *destination, struct destination_change *change, struct error *error)
{
	struct outcome outcome = {-1, error};
	if (destination->spool != NULL)
		return apply_to_spool(destination, change, error);
	if (destination->http == NULL)
		destination->http = http_new((unsigned)destination->gateway_count, error);
	if (destination->http == NULL ||
		delivery_start(destination, destination->http, change, keep_outcome, &outcome, error) == -1 ||
		http_run(destination->http, error) == -1)
		return -1;
	return outcome.result;
}
