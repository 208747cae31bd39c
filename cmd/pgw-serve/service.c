#include "service.h"

#include <microhttpd.h>
#include <stdlib.h>

#include "clock.h"
#include "log.h"
#include "request.h"

/* How many bodies of the largest size may be in memory at once. */
#define BODIES_IN_MEMORY 8

static struct MHD_Response *fixed_response(const char *text)
{
	struct MHD_Response *response =
		MHD_create_response_from_buffer(strlen(text), (void *)text, MHD_RESPMEM_PERSISTENT);
	if (response != NULL && *text != '\0' &&
		MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, "text/plain; charset=utf-8") !=
			MHD_YES) {
		MHD_destroy_response(response);
		return NULL;
	}
	return response;
}

static int make_fixed_responses(struct service *service, struct error *error)
{
	static const char *const texts[] = {[ANSWER_PUSHED] = "", [ANSWER_DELETED] = "", [ANSWER_OK] = "OK"};
	for (size_t i = 0; i < ANSWER_COUNT; i++) {
		service->fixed[i] = fixed_response(texts[i]);
		if (service->fixed[i] == NULL)
			return error_set_memory(error);
	}
	return 0;
}

int service_init(struct service *service, const char *spool, const struct spool_options *spool_options,
	enum view_mode mode, const struct limits *limits, struct error *error)
{
	*service = (struct service){.limits = *limits};
	service->body_bytes_max =
		limits->body > SIZE_MAX / BODIES_IN_MEMORY ? SIZE_MAX : limits->body * BODIES_IN_MEMORY;
	rejected_files_init(&service->rejected);
	TAILQ_INIT(&service->queue);
	if (store_open(&service->store, spool, spool_options, mode, limits, error) == -1)
		return -1;
	if (make_fixed_responses(service, error) == -1 || service_refresh(service, error) == -1) {
		service_release(service);
		return -1;
	}
	return 0;
}

void service_release(struct service *service)
{
	for (size_t i = 0; i < ANSWER_COUNT; i++)
		if (service->fixed[i] != NULL)
			MHD_destroy_response(service->fixed[i]);
	rejected_files_release(&service->rejected);
	store_close(&service->store);
}

int service_refresh(struct service *service, struct error *error)
{
	if (view_refresh(service->store.view, error) == -1)
		return -1;
	rejected_files_log(&service->rejected, service->store.view);
	return 0;
}

static void answer_queue(struct service *service)
{
	struct request *request;
	while ((request = TAILQ_FIRST(&service->queue)) != NULL) {
		TAILQ_REMOVE(&service->queue, request, next);
		service->queued--;
		request_answer_change(request);
	}
}

void service_commit(struct service *service)
{
	struct request *request;
	size_t count = 0;
	int64_t now = clock_wall();
	if (service->queued == 0)
		return;
	struct store_change **changes = calloc(service->queued, sizeof(struct store_change *));
	TAILQ_FOREACH(request, &service->queue, next)
	{
		request->change.time = now;
		if (changes != NULL) {
			changes[count++] = &request->change;
		} else {
			request->change.failed = true;
			error_set_memory(&request->change.error);
		}
	}
	if (changes != NULL)
		store_commit(&service->store, changes, count);
	free(changes);
	answer_queue(service);
}
