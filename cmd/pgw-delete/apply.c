/* Deleting groups: from a spool in batches, from a gateway one by one, a few at a time. */
#include <err.h>
#include <stdlib.h>

#include "clock.h"
#include "deletion.h"
#include "http.h"
#include "url.h"

/* So many groups are deleted together: each batch is one wait for the disk, and holds the lock for that long. */
#define BATCH 1024

#define PARALLEL 8

/* Of more failures than that, the number says enough. */
#define WARNINGS_MAX 10

struct progress {
	struct deletion *deletion;
	size_t failed;
	struct error first; /* where one failed */
};

static void note_failure(struct progress *progress, const struct group_row *group, const struct error *error)
{
	if (progress->failed++ == 0)
		progress->first = *error;
	if (progress->deletion->groups.count > 1 && progress->failed <= WARNINGS_MAX)
		warnx("%s: %s", grouping_key_show(&group->key).text, error->message);
}

static void note_success(const struct progress *progress, const struct group_row *group, const char *what)
{
	if (progress->deletion->verbose)
		warnx("%s: %s", group->key.text.len > 0 ? grouping_key_show(&group->key).text : group->key.file.data,
			what);
}

static int finish(const struct progress *progress, struct error *error)
{
	size_t count = progress->deletion->groups.count;
	if (progress->failed == 0)
		return 0;
	*error = progress->first;
	if (count == 1)
		return -1;
	return error_set(
		error, progress->first.kind, "%zu of %zu groups could not be deleted", progress->failed, count);
}

/* --- a spool --- */

static void note_result(struct progress *progress, const struct group_row *group, const struct store_change *change)
{
	if (change->failed) {
		note_failure(progress, group, &change->error);
		return;
	}
	progress->deletion->matched += change->existed && !change->kept;
	note_success(progress, group,
		change->kept	  ? "kept: somebody pushed to it meanwhile"
		: change->existed ? "deleted"
				  : "not there");
}

/* A group that was chosen by the time of its last push must not go when somebody has pushed to it meanwhile. */
static void prepare(
	const struct deletion *deletion, const struct group_row *group, int64_t *last_push, struct store_change *change)
{
	const struct selection *selection = &deletion->selection;
	*last_push = group_row_last_push(group);
	*change = (struct store_change){
		.method = STORE_DELETE,
		.key = &group->key,
		.last_push = selection->older_than >= 0 || selection->expired ? last_push : NULL,
		.time = clock_wall(),
	};
}

/* Room for what deletes a batch of groups. */
struct batch {
	struct store_change changes[BATCH];
	struct store_change *pointers[BATCH];
	int64_t last_pushes[BATCH];
};

static void delete_batch(struct progress *progress, struct batch *batch, size_t from, size_t count)
{
	struct deletion *deletion = progress->deletion;
	const struct group_row *groups = deletion->groups.rows + from;
	for (size_t i = 0; i < count; i++) {
		prepare(deletion, &groups[i], &batch->last_pushes[i], &batch->changes[i]);
		batch->pointers[i] = &batch->changes[i];
	}
	store_commit(&deletion->store, batch->pointers, count);
	for (size_t i = 0; i < count; i++)
		note_result(progress, &groups[i], &batch->changes[i]);
}

static int delete_from_spool(struct progress *progress, struct error *error)
{
	size_t count = progress->deletion->groups.count;
	struct batch *batch = malloc(sizeof(*batch));
	if (batch == NULL)
		return error_set_memory(error);
	for (size_t at = 0; at < count; at += BATCH) {
		size_t size = count - at < BATCH ? count - at : BATCH, failed = progress->failed;
		delete_batch(progress, batch, at, size);
		/* What stops a whole batch, as a lock that somebody holds, stops the next as well. */
		if (progress->failed - failed == size)
			progress->failed += count - at - size;
		if (progress->failed - failed >= size)
			break;
	}
	free(batch);
	return finish(progress, error);
}

/* --- a gateway --- */

struct sender {
	struct progress progress;
	struct http *http;
	size_t next;
	bool stop;
};

/* A request that is on its way. */
struct slot {
	struct sender *sender;
	const struct group_row *group;
	struct destination_change change;
};

/* What concerns a group only; all else would meet the next one too. */
static bool concerns_group(enum error_kind kind)
{
	return kind == ERROR_REFUSED || kind == ERROR_TOO_LARGE;
}

static void send_next(struct slot *slot);

static void answered(const struct error *failed, void *context)
{
	struct slot *slot = context;
	struct sender *sender = slot->sender;
	if (failed != NULL) {
		note_failure(&sender->progress, slot->group, failed);
		sender->stop |= !concerns_group(failed->kind);
	} else {
		sender->progress.deletion->matched++;
		note_success(&sender->progress, slot->group, "deleted");
	}
	send_next(slot);
}

/* What the key stands for may be another group. */
static int refuse_uncertain(const struct gateway *gateway, const struct group_row *group, struct error *error)
{
	char *url = gateway_bare_url(gateway, &group->key, error);
	if (url == NULL)
		return -1;
	error_set(error, ERROR_REFUSED, "%s: stays: %s", url_text(url).text, group->reason);
	free(url);
	return -1;
}

static int start(struct slot *slot, struct error *error)
{
	struct sender *sender = slot->sender;
	struct deletion *deletion = sender->progress.deletion;
	if (slot->group->reason != NULL)
		return refuse_uncertain(&deletion->destination.gateways[0], slot->group, error);
	slot->change = (struct destination_change){
		.method = STORE_DELETE, .key = &slot->group->key, .timeout = deletion->timeout};
	return destination_start(&deletion->destination, sender->http, &slot->change, answered, slot, error);
}

static void send_next(struct slot *slot)
{
	struct sender *sender = slot->sender;
	const struct group_list *groups = &sender->progress.deletion->groups;
	struct error error;
	while (!sender->stop && sender->next < groups->count) {
		slot->group = &groups->rows[sender->next++];
		if (start(slot, &error) == 0)
			return;
		note_failure(&sender->progress, slot->group, &error);
	}
}

static int delete_from_gateway(struct deletion *deletion, struct error *error)
{
	struct sender sender = {
		.progress = {.deletion = deletion},
		.http = http_new(PARALLEL * (unsigned)deletion->destination.gateway_count, error),
	};
	struct slot slots[PARALLEL];
	if (sender.http == NULL)
		return -1;
	for (size_t i = 0; i < PARALLEL; i++) {
		slots[i] = (struct slot){.sender = &sender};
		send_next(&slots[i]);
	}
	int result = http_run(sender.http, error);
	http_free(sender.http);
	sender.progress.failed += deletion->groups.count - sender.next;
	return result == -1 ? -1 : finish(&sender.progress, error);
}

int deletion_apply(struct deletion *deletion, struct error *error)
{
	struct progress progress = {.deletion = deletion};
	deletion->matched = 0;
	if (deletion->groups.count == 0)
		return 0;
	return deletion->has_store ? delete_from_spool(&progress, error) : delete_from_gateway(deletion, error);
}
