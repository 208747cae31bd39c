#include "store.h"

#include <stdlib.h>

#include "group.h"

int store_open(struct store *store, const char *path, const struct spool_options *options, enum view_mode mode,
	const struct limits *limits, struct error *error)
{
	*store = (struct store){.limits = *limits};
	if (spool_open(&store->spool, path, options, error) == -1)
		return -1;
	store->view = view_new(&store->spool, mode, limits, error);
	if (store->view == NULL) {
		spool_close(&store->spool);
		return -1;
	}
	return 0;
}

void store_close(struct store *store)
{
	view_free(store->view);
	spool_close(&store->spool);
}

static void fail(struct store_change *change, const struct error *error)
{
	change->failed = true;
	change->error = *error;
}

/* Records that a push was refused. That it can't be recorded is no reason to answer something else. */
static void record_failure(struct store *store, const struct store_change *change)
{
	struct error unused;
	const struct group *old = view_group(store->view, change->key->file);
	/* A file that is left out may be all that somebody has of its metrics. */
	if (old == NULL && view_has_file(store->view, change->key->file))
		return;
	struct group *failed = group_push_failed(old, change->key, change->time, &store->limits, &unused);
	if (failed != NULL && view_put(store->view, failed, &unused) == -1)
		group_free(failed);
}

/* Brings a push into the view. 0, or -1 with an error and the view as it was. */
static int push(struct store *store, const struct store_change *change, struct error *error)
{
	const struct group *old = view_group(store->view, change->key->file);
	if (exposition_check(change->pushed, error) == -1)
		return -1;
	struct group *group = group_push(old, change->key, change->pushed,
		change->method == STORE_PUT ? PUSH_PUT : PUSH_POST, change->time, &store->limits, error);
	if (group == NULL)
		return -1;
	if (view_put(store->view, group, error) == -1) {
		group_free(group);
		return -1;
	}
	return 0;
}

static void apply(struct store *store, struct store_change *change)
{
	struct error error;
	change->existed = view_has_file(store->view, change->key->file);
	if (change->method == STORE_DELETE) {
		view_remove(store->view, change->key->file);
	} else if (push(store, change, &error) == -1) {
		fail(change, &error);
		if (error.kind == ERROR_INCONSISTENT)
			record_failure(store, change);
	}
}

/* The files that a batch changes, each once. */
struct plan {
	struct spool_change *files;
	size_t count;
};

static struct spool_change *find_file(const struct plan *plan, struct slice file)
{
	for (size_t i = 0; i < plan->count; i++) {
		if (slice_equal(plan->files[i].file, file))
			return &plan->files[i];
	}
	return NULL;
}

static void add_file(struct store *store, struct plan *plan, struct slice file)
{
	if (find_file(plan, file) != NULL)
		return;
	const struct group *group = view_group(store->view, file);
	struct slice nothing = {0};
	plan->files[plan->count++] = (struct spool_change){.file = file, .text = group != NULL ? group->text : nothing};
}

/* Whether a change leaves something to write: all but a refusal that could not be recorded. */
static bool changed(struct store *store, const struct store_change *change)
{
	return !change->failed ||
	       (change->error.kind == ERROR_INCONSISTENT && view_group(store->view, change->key->file) != NULL);
}

static void write_files(struct store *store, struct plan *plan, struct store_change **changes, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (changed(store, changes[i]))
			add_file(store, plan, changes[i]->key->file);
	}
	spool_apply(&store->spool, plan->files, plan->count);
	for (size_t i = 0; i < plan->count; i++) {
		if (plan->files[i].failed)
			view_forget(store->view, plan->files[i].file);
		else if (plan->files[i].text.data != NULL)
			view_set_file_id(store->view, plan->files[i].file, &plan->files[i].id);
	}
	for (size_t i = 0; i < count; i++) {
		const struct spool_change *file = find_file(plan, changes[i]->key->file);
		if (file != NULL && file->failed && !changes[i]->failed)
			fail(changes[i], &file->error);
	}
}

/* Sweeps on the first change and whenever a writer seems to have died. Debris does no harm but to fill the disk, so
 * that a sweep which fails fails nothing else. */
static void sweep(struct store *store)
{
	struct error unused;
	if (view_debris(store->view) || !store->swept)
		spool_sweep(&store->spool, &unused);
	store->swept = true;
}

static int commit(struct store *store, struct store_change **changes, size_t count, struct error *error)
{
	struct plan plan = {.files = calloc(count, sizeof(*plan.files))};
	int status = -1;
	if (plan.files == NULL)
		return error_set_memory(error);
	/* Twice: the first may read the whole spool and holds nobody up, the second has only what came since. */
	if (view_refresh(store->view, error) == -1 || spool_lock(&store->spool, error) == -1)
		goto out;
	if (view_refresh(store->view, error) == 0) {
		sweep(store);
		for (size_t i = 0; i < count; i++)
			apply(store, changes[i]);
		write_files(store, &plan, changes, count);
		status = 0;
	}
	spool_unlock(&store->spool);
out:
	free(plan.files);
	return status;
}

void store_commit(struct store *store, struct store_change **changes, size_t count)
{
	struct error error;
	for (size_t i = 0; i < count; i++)
		changes[i]->failed = changes[i]->existed = false;
	if (count == 0 || commit(store, changes, count, &error) == 0)
		return;
	for (size_t i = 0; i < count; i++)
		fail(changes[i], &error);
}

int store_check(struct store *store, const struct store_change *change, struct error *error)
{
	if (view_refresh(store->view, error) == -1)
		return -1;
	int status = push(store, change, error);
	if (status == 0)
		view_forget(store->view, change->key->file);
	return status;
}
