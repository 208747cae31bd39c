/* Changes of a process that makes one and ends: by the catalog, without reading the whole spool. */
#include "clock.h"
#include "store_parts.h"

static void fail(struct store_change *change, const struct error *error)
{
	change->failed = true;
	change->error = *error;
}

/* The group that the file has on disk, whatever the catalog says of it: NULL where there is none that counts. false
 * where that is for a view to say: a file that is left out. */
static bool read_old(struct store *store, struct slice file, bool *existed, struct group **old)
{
	struct error unused;
	struct buffer text;
	struct file_id id;
	*old = NULL;
	buffer_init(&text, group_file_limits(&store->limits).body);
	int there = spool_read(&store->spool, file.data, &text, &id, &unused);
	*existed = there != 0;
	if (there == 1)
		*old = group_read(file, buffer_slice(&text), id.modified, &store->limits, &unused);
	buffer_release(&text);
	bool is_group = *old != NULL;
	if (is_group && group_has_expired(*old, clock_wall())) {
		group_free(*old);
		*old = NULL;
	}
	return there == 0 || is_group;
}

/* Writes the file of a group, or deletes it where that is NULL. */
static void write_file(struct store *store, struct spool_change *file, const struct group *group)
{
	struct buffer text;
	buffer_init(&text, SIZE_MAX);
	if (group != NULL && group_append_text(group, &text) == -1) {
		file->failed = true;
		error_set_memory(&file->error);
	} else {
		file->text = buffer_slice(&text);
		spool_apply(&store->spool, file, 1);
	}
	buffer_release(&text);
}

/* Makes the change of a file and tells the catalog of it. */
static void apply(struct store *store, struct catalog *catalog, struct store_change *change, const struct group *group)
{
	struct slice name = change->key->file;
	struct spool_change file = {.file = name};
	write_file(store, &file, group);
	if (file.failed) {
		fail(change, &file.error);
		return;
	}
	if (catalog == NULL)
		return;
	if (group == NULL)
		catalog_remove(catalog, name);
	else
		catalog_set_file_id(catalog, name, &file.id);
	catalog_save(catalog);
}

/* A deletion clashes with nothing: it needs no catalog, but tells it. */
static enum store_shortcut delete_group(struct store *store, struct catalog *catalog, struct store_change *change)
{
	struct file_id unused;
	struct error error;
	int there = spool_identify(&store->spool, change->key->file.data, &unused, &error);
	if (there == -1)
		return SHORTCUT_LEFT_OUT;
	change->existed = there == 1;
	bool fits = catalog != NULL && catalog_catch_up(catalog) == CATALOG_FITS;
	apply(store, fits ? catalog : NULL, change, NULL);
	return SHORTCUT_DONE;
}

static enum store_shortcut put(
	struct store *store, struct catalog *catalog, struct store_change *change, const struct group *group)
{
	if (catalog_put(catalog, group) != CATALOG_FITS)
		return SHORTCUT_UNSURE;
	apply(store, catalog, change, group);
	return SHORTCUT_DONE;
}

/* As push() and record_failure() of store.c. */
static enum store_shortcut push_onto(
	struct store *store, struct catalog *catalog, struct store_change *change, const struct group *old)
{
	struct error error, unused;
	enum store_shortcut result = SHORTCUT_DONE;
	struct group *group = store_make_group(store, change, old, &error);
	if (group != NULL) {
		result = put(store, catalog, change, group);
	} else {
		if (error.kind == ERROR_INCONSISTENT)
			group = group_push_failed(old, change->key, change->time, change->ttl, &store->limits, &unused);
		if (group != NULL)
			result = put(store, catalog, change, group);
		fail(change, &error);
	}
	group_free(group);
	return result;
}

static enum store_shortcut push(struct store *store, struct catalog *catalog, struct store_change *change)
{
	struct group *old;
	enum store_shortcut result = SHORTCUT_LEFT_OUT;
	if (catalog == NULL)
		return SHORTCUT_NO_CATALOG;
	/* Who knows all groups deletes those that have expired. */
	if (catalog_catch_up(catalog) != CATALOG_FITS || catalog_has_expired(catalog, clock_wall()))
		return SHORTCUT_UNSURE;
	if (read_old(store, change->key->file, &change->existed, &old))
		result = push_onto(store, catalog, change, old);
	group_free(old);
	return result;
}

enum store_shortcut store_take_shortcut(struct store *store, struct catalog *made, struct store_change *change)
{
	struct catalog *catalog = made != NULL ? made : catalog_open(&store->spool, &store->limits);
	enum store_shortcut result =
		change->method == STORE_DELETE ? delete_group(store, catalog, change) : push(store, catalog, change);
	catalog_close(catalog);
	if (result != SHORTCUT_DONE)
		change->failed = change->existed = false;
	return result;
}

enum store_shortcut store_check_shortcut(
	struct store *store, const struct store_change *change, int *result, struct error *error)
{
	struct group *old = NULL, *group = NULL;
	bool existed;
	enum store_shortcut shortcut = SHORTCUT_UNSURE;
	struct catalog *catalog = catalog_open(&store->spool, &store->limits);
	if (catalog != NULL && catalog_catch_up(catalog) == CATALOG_FITS &&
		read_old(store, change->key->file, &existed, &old)) {
		group = store_make_group(store, change, old, error);
		*result = group == NULL ? -1 : 0;
		if (group == NULL || catalog_put(catalog, group) == CATALOG_FITS)
			shortcut = SHORTCUT_DONE;
	}
	group_free(group);
	group_free(old);
	catalog_close(catalog);
	return shortcut;
}
