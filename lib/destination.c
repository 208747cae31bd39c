#include "destination.h"

#include <signal.h>
#include <stdint.h>
#include <stdlib.h>

#include "clock.h"

#define TEXT_TYPE  "text/plain; version=0.0.4; charset=utf-8"
#define ANSWER_MAX (1u << 20)

void destination_ignore_signals(void)
{
	signal(SIGXFSZ, SIG_IGN);
	signal(SIGPIPE, SIG_IGN);
}

int destination_init(struct destination *destination, const struct options_target *given,
	const struct spool_options *options, struct grouping_key *key, struct error *error)
{
	struct options_target target = *given;
	*destination = (struct destination){.options = *options};
	if (options_choose_target(&target, error) == -1)
		return -1;
	destination->spool = target.spool;
	if (target.url != NULL && gateway_init(&destination->gateway, target.url, key, error) == -1)
		return -1;
	if (grouping_key_value(key, "job").data != NULL)
		return 0;
	gateway_release(&destination->gateway);
	return error_set(error, ERROR_USAGE, "the job is missing, give it with -j");
}

void destination_release(struct destination *destination)
{
	gateway_release(&destination->gateway);
	if (destination->store_is_open)
		store_close(&destination->store);
	destination->store_is_open = false;
}

static int open_store(struct destination *destination, struct error *error)
{
	const struct limits limits = LIMITS_DEFAULT;
	if (!destination->store_is_open && store_open(&destination->store, destination->spool, &destination->options,
						   VIEW_SCAN, &limits, error) == -1)
		return -1;
	destination->store_is_open = true;
	return 0;
}

static int apply_to_spool(struct destination *destination, struct destination_change *change, struct error *error)
{
	if (open_store(destination, error) == -1)
		return -1;
	struct store_change stored = {
		.method = change->method,
		.key = change->key,
		.pushed = change->pushed,
		.time = clock_wall(),
	};
	struct store_change *batch[] = {&stored};
	store_commit(&destination->store, batch, 1);
	change->existed = stored.existed;
	if (!stored.failed)
		return 0;
	*error = stored.error;
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

/* A request on its way to a gateway. */
struct request {
	char *url;
	destination_done *done;
	void *context;
};

static void request_free(struct request *request)
{
	free(request->url);
	free(request);
}

static void answered(struct http *http, const struct http_answer *answer, void *context)
{
	struct request *request = context;
	struct error error;
	int result = gateway_result(request->url, answer, &error);
	request->done(result == -1 ? &error : NULL, request->context);
	request_free(request);
}

static int send_to_gateway(const struct gateway *gateway, struct http *http, const struct destination_change *change,
	destination_done *done, void *context, struct error *error)
{
	static const char *const methods[] = {[STORE_POST] = "POST", [STORE_PUT] = "PUT", [STORE_DELETE] = "DELETE"};
	struct request *request = calloc(1, sizeof(*request));
	if (request == NULL)
		return error_set_memory(error);
	request->done = done;
	request->context = context;
	request->url = gateway_group_url(gateway, change->key, error);
	struct http_request send = {
		.method = methods[change->method],
		.url = request->url,
		.content_type = change->method == STORE_DELETE ? NULL : TEXT_TYPE,
		.body = change->text,
		.timeout = change->timeout,
		.max_answer = ANSWER_MAX,
	};
	if (request->url != NULL && http_add(http, &send, answered, request, error) == 0)
		return 0;
	request_free(request);
	return -1;
}

int destination_start(struct destination *destination, struct http *http, struct destination_change *change,
	destination_done *done, void *context, struct error *error)
{
	if (destination->spool == NULL)
		return send_to_gateway(&destination->gateway, http, change, done, context, error);
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
	struct http *http = http_new(1, error);
	if (http == NULL)
		return -1;
	int result = -1;
	if (send_to_gateway(&destination->gateway, http, change, keep_outcome, &outcome, error) == 0 &&
		http_run(http, error) == 0)
		result = outcome.result;
	http_free(http);
	return result;
}
