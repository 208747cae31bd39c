#include "delivery.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "compress.h"
#include "protobuf.h"
#include "retry.h"
#include "ttl.h"
#include "url.h"

#define TEXT_TYPE  "text/plain; version=0.0.4; charset=utf-8"
#define ANSWER_MAX (1u << 20)

struct delivery;

/* What one gateway gets. */
struct sending {
	struct delivery *delivery;
	char *url; /* NULL for none: a gateway that is skipped */
	struct retry retry;
	bool failed;
	struct error error;
};

struct delivery {
	struct destination_change *change;
	struct http_request request; /* what all have in common */
	struct buffer compressed;
	char ttl[TTL_TEXT_SIZE];
	unsigned unsettled;
	destination_done *done;
	void *context;
	size_t count;
	struct sending sendings[];
};

static void delivery_free(struct delivery *delivery)
{
	for (size_t i = 0; i < delivery->count; i++) {
		if (delivery->sendings[i].url != NULL)
			explicit_bzero(delivery->sendings[i].url, strlen(delivery->sendings[i].url));
		free(delivery->sendings[i].url);
	}
	buffer_release(&delivery->compressed);
	free(delivery);
}

static size_t count_failed(const struct delivery *delivery)
{
	size_t failed = 0;
	for (size_t i = 0; i < delivery->count; i++)
		failed += delivery->sendings[i].failed;
	return failed;
}

/* One error for all that failed, each with as much room as the others. */
static void join_errors(const struct delivery *delivery, size_t failed, struct error *error)
{
	size_t room = ERROR_MESSAGE_SIZE / failed > 3 ? ERROR_MESSAGE_SIZE / failed - 3 : 0;
	size_t used = 0;
	char message[ERROR_MESSAGE_SIZE] = "";
	enum error_kind kind = ERROR_UNAVAILABLE;
	for (size_t i = delivery->count; i-- > 0;)
		if (delivery->sendings[i].failed)
			kind = delivery->sendings[i].error.kind;
	for (size_t i = 0; i < delivery->count; i++) {
		const struct sending *sending = &delivery->sendings[i];
		if (!sending->failed)
			continue;
		size_t length = strnlen(sending->error.message, room);
		memcpy(message + used, sending->error.message, length);
		used += length;
		memcpy(message + used, "; ", 3);
		used += 2;
	}
	message[used - 2] = '\0';
	error_set(error, kind, "%s", message);
}

static void finish(struct delivery *delivery)
{
	struct error error;
	struct destination_outcome *outcomes = delivery->change->outcomes;
	for (size_t i = 0; i < delivery->count && outcomes != NULL; i++) {
		if (outcomes[i].skip)
			continue;
		outcomes[i].failed = delivery->sendings[i].failed;
		if (outcomes[i].failed)
			outcomes[i].error = delivery->sendings[i].error;
	}
	size_t failed = count_failed(delivery);
	if (failed > 0)
		join_errors(delivery, failed, &error);
	delivery->done(failed > 0 ? &error : NULL, delivery->context);
	delivery_free(delivery);
}

static void answered(struct http *http, const struct http_answer *answer, void *context);

static int send_request(struct sending *sending, struct http *http, int64_t now, int64_t start, struct error *error)
{
	struct http_request request = sending->delivery->request;
	request.url = sending->url;
	request.start = start;
	request.timeout = retry_share(&sending->retry, start > now ? start : now);
	return http_add(http, &request, answered, sending, error);
}

static void answered(struct http *http, const struct http_answer *answer, void *context)
{
	struct sending *sending = context;
	struct delivery *delivery = sending->delivery;
	struct error error;
	int64_t now = clock_monotonic(), start;
	if (gateway_result(sending->url, answer, &error) == -1) {
		if (retry_again(&sending->retry, answer, now, &start) &&
			send_request(sending, http, now, start, &error) == 0)
			return;
		sending->failed = true;
		if (sending->retry.done > 0)
			error_set(&sending->error, error.kind, "%s (%u tries)", error.message, sending->retry.done + 1);
		else
			sending->error = error;
	}
	if (--delivery->unsettled == 0)
		finish(delivery);
}

static const char *content_type(const struct destination_change *change)
{
	if (change->method == STORE_DELETE)
		return NULL;
	return change->protobuf ? PROTOBUF_CONTENT_TYPE : TEXT_TYPE;
}

static int set_request(const struct destination *destination, struct delivery *delivery, struct error *error)
{
	static const char *const methods[] = {[STORE_POST] = "POST", [STORE_PUT] = "PUT", [STORE_DELETE] = "DELETE"};
	const struct destination_change *change = delivery->change;
	delivery->request = (struct http_request){
		.method = methods[change->method],
		.content_type = content_type(change),
		.gzip = destination->http_options->compress && change->text.len > 0,
		.ttl = change->ttl == 0 ? NULL : delivery->ttl,
		.body = change->text,
		.max_answer = ANSWER_MAX,
		.credentials = &destination->credentials,
	};
	ttl_format(change->ttl, delivery->ttl);
	if (!delivery->request.gzip)
		return 0;
	if (compress_gzip(change->text, &delivery->compressed, error) == -1)
		return -1;
	delivery->request.body = buffer_slice(&delivery->compressed);
	return 0;
}

static struct delivery *delivery_new(
	const struct destination *destination, struct destination_change *change, struct error *error)
{
	size_t count = destination->gateway_count;
	struct delivery *delivery = calloc(1, sizeof(*delivery) + count * sizeof(delivery->sendings[0]));
	if (delivery == NULL) {
		error_set_memory(error);
		return NULL;
	}
	delivery->change = change;
	delivery->count = count;
	buffer_init(&delivery->compressed, SIZE_MAX);
	int64_t deadline = clock_monotonic() + change->timeout * CLOCK_MILLISECOND;
	int result = set_request(destination, delivery, error);
	for (size_t i = 0; i < count && result == 0; i++) {
		struct sending *sending = &delivery->sendings[i];
		sending->delivery = delivery;
		retry_init(&sending->retry, destination->http_options->retries, deadline);
		if (change->outcomes != NULL && change->outcomes[i].skip)
			continue;
		sending->url = gateway_group_url(&destination->gateways[i], change->key, error);
		result = sending->url == NULL ? -1 : 0;
	}
	if (result == 0)
		return delivery;
	delivery_free(delivery);
	return NULL;
}

int delivery_start(struct destination *destination, struct http *http, struct destination_change *change,
	destination_done *done, void *context, struct error *error)
{
	struct delivery *delivery = delivery_new(destination, change, error);
	if (delivery == NULL)
		return -1;
	delivery->done = done;
	delivery->context = context;
	int64_t now = clock_monotonic();
	for (size_t i = 0; i < delivery->count; i++) {
		struct sending *sending = &delivery->sendings[i];
		if (sending->url == NULL)
			continue;
		if (send_request(sending, http, now, 0, &sending->error) == 0)
			delivery->unsettled++;
		else
			sending->failed = true;
	}
	if (delivery->unsettled == 0)
		finish(delivery);
	return 0;
}
