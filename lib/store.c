#include "store.h"

#include <stdlib.h>

#include "arena.h"
#include "catalog.h"
#include "group.h"
#include "hash.h"
#include "store_parts.h"
#include "tag_table.h"

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
	store->shortcuts = mode == VIEW_SCAN && !options->read_only;
	if (store->shortcuts)
		catalog_prepare(&store->spool);
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

/* The files that changes of a batch have put into the view and that are still to be written, each once. */
struct plan {
	struct store_change **changes; /* those that belong to the files, and perhaps others */
	size_t change_count;
	struct spool_change *files;
	size_t count;
	struct tag_table places; /* of the files, by name */
	struct arena expired;	 /* names of files that nobody asked for */
	bool freed;		 /* one of them gave up a name, a type or a series */
};

static struct spool_change *find_file(const struct plan *plan, struct slice file)
{
	size_t at;
	uint32_t place;
	uint64_t hash = hash_slice(file);
	for (tag_table_begin(&plan->places, hash, &at); tag_table_next(&plan->places, hash, &at, &place);) {
		if (slice_equal(plan->files[place].file, file))
			return &plan->files[place];
	}
	return NULL;
}

static void plan_file(struct plan *plan, struct slice file)
{
	if (find_file(plan, file) != NULL)
		return;
	tag_table_insert(&plan->places, hash_slice(file), (uint32_t)plan->count);
	plan->files[plan->count++] = (struct spool_change){.file = file};
}

/* Makes the texts of the files that are planned. 0, or -1 with an error. */
static int make_texts(const struct store *store, struct plan *plan, struct buffer *texts, struct error *error)
{
	size_t size = 0;
	for (size_t i = 0; i < plan->count; i++) {
		const struct group *group = view_stored_group(store->view, plan->files[i].file);
		size += group != NULL ? group->text_size : 0;
	}
	/* They don't move any more then. */
	if (buffer_reserve(texts, size + 1) == -1)
		return error_set_memory(error);
	for (size_t i = 0; i < plan->count; i++) {
		const struct group *group = view_stored_group(store->view, plan->files[i].file);
		size_t before = texts->len;
		if (group != NULL && group_append_text(group, texts) == -1)
			return error_set_memory(error);
		plan->files[i].text =
			group != NULL ? slice_make(texts->data + before, texts->len - before) : (struct slice){0};
	}
	return 0;
}

static void forget_plan(struct plan *plan)
{
	for (size_t i = 0; i < plan->count; i++)
		tag_table_remove(&plan->places, hash_slice(plan->files[i].file), (uint32_t)i);
	plan->changes += plan->change_count;
	plan->change_count = plan->count = 0;
	plan->freed = false;
}

/* Learns how writing the files went. true where one failed: the view learns from the spool then. */
static bool note_results(struct store *store, struct plan *plan)
{
	bool failed = false;
	for (size_t i = 0; i < plan->count; i++) {
		failed |= plan->files[i].failed;
		if (plan->files[i].failed)
			view_forget(store->view, plan->files[i].file);
		else if (plan->files[i].text.data != NULL)
			view_set_file_id(store->view, plan->files[i].file, &plan->files[i].id);
	}
	for (size_t i = 0; i < plan->change_count; i++) {
		const struct spool_change *file = find_file(plan, plan->changes[i]->key->file);
		if (file != NULL && file->failed && !plan->changes[i]->failed)
			fail(plan->changes[i], &file->error);
	}
	return failed;
}

/* Writes what is planned. Where a file failed, its changes fail and the view learns what the spool has. */
static int flush(struct store *store, struct plan *plan, struct error *error)
{
	struct buffer texts;
	buffer_init(&texts, SIZE_MAX / 2);
	int status = make_texts(store, plan, &texts, error);
	if (status == 0) {
		spool_apply(&store->spool, plan->files, plan->count);
		if (note_results(store, plan))
			status = view_refresh(store->view, error);
		forget_plan(plan);
	} else {
		for (size_t i = 0; i < plan->count; i++)
			view_forget(store->view, plan->files[i].file);
	}
	buffer_release(&texts);
	return status;
}

/* Whether a group has something that another one, in whose place it comes or that comes in its place, has not: the old
 * one gives it up to others, the new one takes it. Either may be NULL. */
static bool has_more(const struct group *group, const struct group *other)
{
	return group != NULL && (other == NULL || (!group_same_shape(group, other) && !group_includes(other, group)));
}

/*
 * Puts a group into the view and into the plan. What an earlier change of the batch has freed may be taken only once
 * that change is in the spool, for it can still fail or be cut short by a crash, and the two would stand there against
 * each other: 1, where the plan must be flushed and the group made again. 0, or -1 with an error and the group the
 * caller's.
 */
static int put(struct store *store, struct plan *plan, struct group *group, bool unchecked, struct error *error)
{
	const struct group *old = view_group(store->view, group->key.file);
	bool frees = has_more(old, group);
	if (plan->freed && has_more(group, old))
		return 1;
	if ((unchecked ? view_put_unchecked(store->view, group, error) : view_put(store->view, group, error)) == -1)
		return -1;
	plan->freed |= frees;
	return 0;
}

struct group *store_make_group(
	const struct store *store, const struct store_change *change, const struct group *old, struct error *error)
{
	if (change->refused != NULL) {
		*error = *change->refused;
		return NULL;
	}
	if (exposition_check(change->pushed, error) == -1)
		return NULL;
	return group_push(old, change->key, change->pushed, change->method == STORE_PUT ? PUSH_PUT : PUSH_POST,
		change->time, change->ttl, &store->limits, error);
}

/* As put(), or -1 with an error and the view as it was. */
static int push(struct store *store, struct plan *plan, const struct store_change *change, struct error *error)
{
	const struct group *old = view_group(store->view, change->key->file);
	struct group *group = store_make_group(store, change, old, error);
	if (group == NULL)
		return -1;
	int status = put(store, plan, group, change->unchecked, error);
	if (status == 0)
		plan_file(plan, change->key->file);
	else
		group_free(group);
	return status;
}

/* Records that a push was refused. That it can't be recorded is no reason to answer something else. */
static int record_failure(struct store *store, struct plan *plan, const struct store_change *change)
{
	struct error unused;
	const struct group *old = view_group(store->view, change->key->file);
	/* A file that is left out may be all that somebody has of its metrics. */
	if (old == NULL && view_has_file(store->view, change->key->file))
		return 0;
	struct group *failed = group_push_failed(old, change->key, change->time, change->ttl, &store->limits, &unused);
	int status = failed == NULL ? -1 : put(store, plan, failed, false, &unused);
	if (status == 0)
		plan_file(plan, change->key->file);
	else
		group_free(failed);
	return status;
}

static void delete_group(struct store *store, struct plan *plan, struct store_change *change)
{
	const struct group *group = view_stored_group(store->view, change->key->file);
	if (change->last_push != NULL && group != NULL && group_last_push(group) != *change->last_push) {
		change->kept = true;
		return;
	}
	plan->freed |= view_group(store->view, change->key->file) != NULL;
	view_remove(store->view, change->key->file);
	plan_file(plan, change->key->file);
}

/* 0, or 1 where the plan must be flushed first. */
static int apply(struct store *store, struct plan *plan, struct store_change *change)
{
	struct error error;
	change->existed = view_has_file(store->view, change->key->file);
	if (change->method == STORE_DELETE) {
		delete_group(store, plan, change);
		return 0;
	}
	int status = push(store, plan, change, &error);
	if (status != -1)
		return status;
	if (error.kind == ERROR_INCONSISTENT && record_failure(store, plan, change) == 1)
		return 1;
	fail(change, &error);
	return 0;
}

/* Plans to delete files of groups that have expired. What they have given up is free for others whether that succeeds
 * or not. */
static void plan_expired(struct store *store, struct plan *plan)
{
	for (unsigned i = 0; i < STORE_EXPIRED_MAX; i++) {
		size_t cursor = 0;
		const struct group *group = view_next_expired(store->view, &cursor);
		struct slice file = group == NULL ? (struct slice){0} : arena_copy(&plan->expired, group->key.file);
		if (file.data == NULL)
			return;
		view_remove(store->view, file);
		plan_file(plan, file);
	}
}

/* Applies all changes and writes their files. 0, or -1 with an error for those that are not in the plan's past. */
static int apply_all(struct store *store, struct plan *plan, size_t count, struct error *error)
{
	for (size_t i = 0; i < count; i++) {
		struct store_change *change = plan->changes[plan->change_count];
		if (apply(store, plan, change) == 1) {
			if (flush(store, plan, error) == -1)
				return -1;
			/* Nothing is freed now that is not in the spool. */
			apply(store, plan, change);
		}
		plan->change_count++;
	}
	plan_expired(store, plan);
	return flush(store, plan, error);
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

void store_sweep(struct store *store)
{
	struct error unused;
	unsigned timeout = store->spool.options.lock_timeout;
	store->spool.options.lock_timeout = 0;
	if (spool_lock(&store->spool, &unused) == 0) {
		sweep(store);
		spool_unlock(&store->spool);
	}
	store->spool.options.lock_timeout = timeout;
}

/* Under the lock, by the view. */
static int commit_by_view(struct store *store, struct plan *plan, size_t count, struct error *error)
{
	if (view_refresh(store->view, error) == -1)
		return -1;
	sweep(store);
	return apply_all(store, plan, count, error);
}

/* By the catalog, and where there is none, by a new one: takes no longer, whatever the spool has. 1 where the change
 * was made, 0 where the view must do it. */
static int commit_by_catalog(struct store *store, struct plan *plan, enum store_shortcut *shortcut, struct error *error)
{
	struct catalog *made = NULL;
	*shortcut = SHORTCUT_NO_CATALOG;
	for (unsigned i = 0; i < 2 && *shortcut == SHORTCUT_NO_CATALOG; i++) {
		if (i == 1 && (made = catalog_make(&store->spool, &store->limits)) == NULL)
			break;
		if (spool_check_there(&store->spool, error) == -1 || spool_lock(&store->spool, error) == -1) {
			catalog_close(made);
			return -1;
		}
		*shortcut = store_take_shortcut(store, made, plan->changes[0]);
		spool_unlock(&store->spool);
	}
	return *shortcut == SHORTCUT_DONE;
}

/* Whether files that could be groups are left out. */
static bool has_clashes(const struct view *view)
{
	const void *cursor = NULL;
	const char *file, *reason;
	while (view_next_rejected(view, &cursor, &file, &reason))
		if (view_stored_group(view, slice_of(file)) != NULL)
			return true;
	return false;
}

static int commit(struct store *store, struct plan *plan, size_t count, struct error *error)
{
	enum store_shortcut shortcut = SHORTCUT_NO_CATALOG;
	bool tries = store->shortcuts && count == 1 && plan->changes[0]->last_push == NULL;
	const struct store_change *change = tries ? plan->changes[0] : NULL;
	int status = tries ? commit_by_catalog(store, plan, &shortcut, error) : 0;
	if (status != 0)
		return status == 1 ? 0 : -1;
	/* Twice: the first may read the whole spool and holds nobody up, the second has only what came since. */
	if (view_refresh(store->view, error) == -1 || spool_lock(&store->spool, error) == -1)
		return -1;
	status = commit_by_view(store, plan, count, error);
	if (status == 0 && shortcut == SHORTCUT_UNSURE && !change->failed && !has_clashes(store->view))
		catalog_drop(&store->spool);
	spool_unlock(&store->spool);
	return status;
}

void store_commit(struct store *store, struct store_change **changes, size_t count)
{
	struct error error;
	struct plan plan = {.changes = changes, .files = calloc(count + STORE_EXPIRED_MAX, sizeof(*plan.files))};
	for (size_t i = 0; i < count; i++)
		changes[i]->failed = changes[i]->existed = changes[i]->kept = false;
	int status = plan.files == NULL || tag_table_reserve(&plan.places, count + STORE_EXPIRED_MAX) == -1
			     ? error_set_memory(&error)
			     : commit(store, &plan, count, &error);
	/* What was flushed before keeps its result. */
	for (struct store_change **change = plan.changes; status == -1 && change < changes + count; change++) {
		if (!(*change)->failed)
			fail(*change, &error);
	}
	arena_release(&plan.expired);
	tag_table_release(&plan.places);
	free(plan.files);
}

int store_check(struct store *store, const struct store_change *change, struct error *error)
{
	int status;
	struct error busy;
	if (store->shortcuts && spool_lock(&store->spool, &busy) == 0) {
		enum store_shortcut shortcut = store_check_shortcut(store, change, &status, error);
		spool_unlock(&store->spool);
		if (shortcut == SHORTCUT_DONE)
			return status;
	}
	if (view_refresh(store->view, error) == -1)
		return -1;
	struct spool_change file;
	struct plan plan = {.files = &file};
	if (tag_table_reserve(&plan.places, 1) == -1)
		return error_set_memory(error);
	status = push(store, &plan, change, error);
	if (status == 0)
		view_forget(store->view, change->key->file);
	tag_table_release(&plan.places);
	return status;
}
