#include "service.h"

#include <microhttpd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "arena.h"
#include "clock.h"
#include "decompress.h"
#include "log.h"
#include "request.h"
#include "settings.h"

/* How many bodies of the largest size may be in memory at once. */
#define BODIES_IN_MEMORY 8

#define ANSWER_BYTES_MAX (256u << 20) /* so much may be on its way when another large answer begins */

#define FLUSH_INTERVAL 1000 /* ms */

/* So many groups are deleted together: each batch is one wait for the disk, and costs the square of its size. */
#define WIPE_BATCH 1024

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
	static const char *const texts[] = {[ANSWER_EMPTY] = "", [ANSWER_OK] = "OK"};
	for (size_t i = 0; i < ANSWER_COUNT; i++) {
		service->fixed[i] = fixed_response(texts[i]);
		if (service->fixed[i] == NULL)
			return error_set_memory(error);
	}
	return 0;
}

static void open_counters(struct service *service)
{
	struct error error;
	service->counters = counters_open(service->store.spool.directory, &error);
	if (service->counters == NULL)
		log_warn("requests are not counted", "reason", error.message, NULL);
}

/* It works as well, but its users would ask why it is slow. */
static void tell_unwatched(const struct view *view)
{
	if (view_unwatched(view) != 0)
		log_warn("the spool is not watched, so each request looks at all its files (see inotify(7) for limits)",
			"reason", strerror(view_unwatched(view)), NULL);
}

bool service_counts_pending(const struct service *service)
{
	return service->counters != NULL && counters_pending(service->counters);
}

void service_flush_counts(struct service *service, int64_t now)
{
	struct error error;
	if (!service_counts_pending(service) || now < service->flush_after)
		return;
	bool failed = counters_flush(service->counters, &error) == -1;
	if (failed && !service->flush_failed)
		log_warn("what is counted can't be stored", "reason", error.message, NULL);
	service->flush_failed = failed;
	service->flush_after = now + (failed ? FLUSH_INTERVAL : service->flush_interval);
}

void service_note_dropped(struct service *service, size_t series, struct negotiated negotiated)
{
	char count[32];
	if (series == 0)
		return;
	if (service->counters != NULL)
		counters_add_dropped(service->counters, series);
	snprintf(count, sizeof(count), "%zu", series);
	log_warn("series left out of a scrape: escaping gave them a name that another one has", "series", count,
		"escaping", escaping_scheme_names[negotiated.escaping], NULL);
}

void service_reset_counters(struct service *service)
{
	counters_reset(service->counters);
}

int service_init(struct service *service, const struct settings *settings, enum view_mode mode, struct error *error)
{
	const struct limits *limits = &settings->limits;
	*service = (struct service){.settings = settings, .limits = *limits, .start_time = clock_wall()};
	service->body_bytes_max = limits->body > SIZE_MAX / BODIES_IN_MEMORY - decompress_size()
					  ? SIZE_MAX
					  : (limits->body + decompress_size()) * BODIES_IN_MEMORY;
	service->stays = mode == VIEW_FOLLOW;
	checkpoint_init(&service->checkpoint);
	rejected_files_init(&service->rejected);
	TAILQ_INIT(&service->queue);
	struct spool_options options = settings->spool_options;
	options.reuse = service->stays;
	if (store_open(&service->store, settings->spool, &options, mode, limits, error) == -1)
		return -1;
	/* Where the next request is another process, all that was answered is to be counted. */
	service->flush_interval = mode == VIEW_FOLLOW ? FLUSH_INTERVAL : 0;
	open_counters(service);
	tell_unwatched(service->store.view);
	/* A push from inetd needs no view. */
	bool reads = mode == VIEW_FOLLOW;
	service->compressor = gzip_compressor_new(error);
	if (service->compressor == NULL || make_fixed_responses(service, error) == -1 ||
		(reads && service_refresh(service, error) == -1)) {
		service_release(service);
		return -1;
	}
	if (service->stays)
		store_sweep(&service->store);
	return 0;
}

void service_release(struct service *service)
{
	for (size_t i = 0; i < ANSWER_COUNT; i++)
		if (service->fixed[i] != NULL)
			MHD_destroy_response(service->fixed[i]);
	checkpoint_release(&service->checkpoint, &service->store.spool);
	rejected_files_release(&service->rejected);
	counters_close(service->counters);
	gzip_compressor_free(service->compressor);
	store_close(&service->store);
}

int service_refresh(struct service *service, struct error *error)
{
	if (view_refresh(service->store.view, error) == -1)
		return -1;
	rejected_files_log(&service->rejected, service->store.view);
	return 0;
}

static void commit(struct service *service, struct store_change **changes, size_t count)
{
	int64_t began = clock_monotonic();
	store_commit(&service->store, changes, count);
	if (service->stays)
		checkpoint_run(&service->checkpoint, &service->store.spool);
	if (service->counters != NULL && service->settings->spool_options.sync)
		counters_add_sync(service->counters, (double)(clock_monotonic() - began) / (double)CLOCK_SECOND);
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
		commit(service, changes, count);
	free(changes);
	answer_queue(service);
}

/* The names of all group files, which deleting will not move. */
static int list_files(struct service *service, struct arena *arena, struct slice **files, size_t *count)
{
	const struct view *view = service->store.view;
	struct view_counts counts = view_counts(view);
	const struct group *group = NULL;
	const void *cursor = NULL;
	const char *file, *reason;
	size_t max = counts.groups + counts.rejected;
	*count = 0;
	*files = arena_alloc(arena, (max + 1) * sizeof(**files));
	if (*files == NULL)
		return -1;
	while (*count < max && (group = view_next(view, group)) != NULL)
		(*files)[(*count)++] = arena_copy(arena, group->key.file);
	while (*count < max && view_next_rejected(view, &cursor, &file, &reason))
		(*files)[(*count)++] = arena_copy(arena, slice_of(file));
	for (size_t i = 0; i < *count; i++)
		if ((*files)[i].data == NULL)
			return -1;
	return 0;
}

/* Room for what deletes a batch of groups. */
struct wipe {
	struct grouping_key keys[WIPE_BATCH];
	struct store_change changes[WIPE_BATCH];
	struct store_change *pointers[WIPE_BATCH];
};

/* 0, or -1 with the first error. */
static int delete_files(
	struct service *service, struct wipe *wipe, const struct slice *files, size_t count, struct error *error)
{
	int64_t now = clock_wall();
	for (size_t i = 0; i < count; i++) {
		/* All that a deletion needs of a key. */
		wipe->keys[i] = (struct grouping_key){.file = files[i]};
		wipe->changes[i] = (struct store_change){.method = STORE_DELETE, .key = &wipe->keys[i], .time = now};
		wipe->pointers[i] = &wipe->changes[i];
	}
	commit(service, wipe->pointers, count);
	for (size_t i = 0; i < count; i++) {
		if (!wipe->changes[i].failed)
			continue;
		*error = wipe->changes[i].error;
		return -1;
	}
	return 0;
}

int service_wipe(struct service *service, struct error *error)
{
	struct arena arena;
	struct error later;
	struct slice *files;
	size_t count;
	int result = -1;
	struct wipe *wipe = malloc(sizeof(*wipe));
	arena_init(&arena);
	/* What came before the wipe is wiped. */
	service_commit(service);
	if (service_refresh(service, error) == -1)
		goto out;
	if (wipe == NULL || list_files(service, &arena, &files, &count) == -1) {
		error_set_memory(error);
		goto out;
	}
	result = 0;
	for (size_t at = 0; at < count; at += WIPE_BATCH) {
		size_t size = count - at < WIPE_BATCH ? count - at : WIPE_BATCH;
		if (delete_files(service, wipe, files + at, size, result == 0 ? error : &later) == -1)
			result = -1;
	}
out:
	free(wipe);
	arena_release(&arena);
	return result;
}

bool service_takes_answer(const struct service *service)
{
	return service->answer_bytes + view_retired_bytes(service->store.view) <= ANSWER_BYTES_MAX;
}

bool service_has_work_ahead(const struct service *service)
{
	return !service->closing && ahead_wanted(&service->ahead, service->store.view);
}

void service_work_ahead(struct service *service)
{
	if (service_has_work_ahead(service))
		ahead_run(&service->ahead, service->store.view, service->compressor);
}
