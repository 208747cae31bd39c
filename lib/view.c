#include "view.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "consistency.h"
#include "view_parts.h"

struct view *view_new(struct spool *spool, enum view_mode mode, const struct limits *limits, struct error *error)
{
	struct view *view = calloc(1, sizeof(*view));
	if (view == NULL) {
		error_set_memory(error);
		return NULL;
	}
	view->spool = spool;
	view->limits = *limits;
	view_index_init(&view->index);
	if (mode == VIEW_FOLLOW)
		view->watch = watch_new(spool->groups);
	if (mode == VIEW_FOLLOW && view->watch == NULL)
		view->unwatched = errno;
	return view;
}

struct entry *view_get_entry(struct view *view, struct slice file, struct error *error)
{
	struct entry *entry = entries_find(&view->entries, file);
	if (entry != NULL)
		return entry;
	entry = entries_add(&view->entries, file);
	if (entry == NULL) {
		error_set_memory(error);
		return NULL;
	}
	view->counts.rejected++;
	LIST_INSERT_HEAD(&view->unread, entry, unread);
	return entry;
}

void view_set_known(struct view *view, struct entry *entry, bool known)
{
	if (known && !entry->known)
		LIST_REMOVE(entry, unread);
	else if (!known && entry->known)
		LIST_INSERT_HEAD(&view->unread, entry, unread);
	entry->known = known;
}

static void count_accepted(struct view *view, const struct entry *entry, bool accepted)
{
	size_t sign = accepted ? 1 : SIZE_MAX;
	view->counts.groups += sign;
	view->counts.rejected -= sign;
	view->counts.series += sign * entry->group->series_count;
	view->counts.bytes += sign * entry->group->text_size;
	view->counts.quoted_names += sign * entry->group->quoted_names;
}

static void forget_expiry(struct view *view, struct entry *entry)
{
	expiry_remove(entry->expired ? &view->expired : &view->expiring, entry);
	if (entry->expired) {
		view->counts.expired--;
		view->counts.rejected++;
	}
	entry->expired = false;
}

/* Takes the entry's group out of the exposition, or from those that clash or that have expired. */
static void withdraw(struct view *view, struct entry *entry)
{
	if (entry->accepted) {
		view_index_remove(&view->index, entry->number);
		count_accepted(view, entry, false);
		entry->accepted = false;
	} else if (entry->group != NULL && !entry->expired) {
		view->inconsistent--;
	}
	forget_expiry(view, entry);
}

void view_clear_group(struct view *view, struct entry *entry)
{
	withdraw(view, entry);
	view_pieces_retire(&view->index.pieces, entry->group);
	entry->group = NULL;
}

/* Takes over why an entry is left out; NULL for one that isn't. */
static void set_reason(struct view *view, struct entry *entry, char *reason)
{
	bool same =
		entry->reason == NULL || reason == NULL ? entry->reason == reason : strcmp(entry->reason, reason) == 0;
	view->rejected_serial += !same;
	free(entry->reason);
	entry->reason = reason;
}

static void remove_entry(struct view *view, struct entry *entry)
{
	view->unsettled |= entry->accepted && view->inconsistent > 0;
	view_clear_group(view, entry);
	set_reason(view, entry, NULL);
	view->counts.rejected--;
	view_set_known(view, entry, true);
	entries_remove(&view->entries, entry);
}

void view_free(struct view *view)
{
	if (view == NULL)
		return;
	struct entry *entry, *next;
	view_pieces_forget(&view->index.pieces);
	RB_FOREACH_SAFE(entry, entry_tree, &view->entries.tree, next)
	remove_entry(view, entry);
	entries_release(&view->entries);
	expiry_release(&view->expiring);
	expiry_release(&view->expired);
	view_index_release(&view->index);
	watch_free(view->watch);
	free(view->temporary);
	free(view);
}

int view_fd(const struct view *view)
{
	return view->watch == NULL ? -1 : watch_fd(view->watch);
}

int view_unwatched(const struct view *view)
{
	return view->unwatched;
}

void view_set_reason(struct view *view, struct entry *entry, const struct error *error)
{
	char *reason;
	if (error->line == 0)
		reason = strdup(error->message);
	else if (asprintf(&reason, "line %u: %s", error->line, error->message) == -1)
		reason = NULL;
	set_reason(view, entry, reason);
}

static int check_limits(
	const struct view *view, const struct group *old, const struct group *group, struct error *error)
{
	size_t groups = view->counts.groups + (old == NULL);
	size_t series = view->counts.series - (old == NULL ? 0 : old->series_count) + group->series_count;
	return consistency_check_size(groups, series, &view->limits, error);
}

/* Puts an entry that has a group into the index. */
static int accept(struct view *view, struct entry *entry, struct error *error)
{
	if (check_limits(view, NULL, entry->group, error) == -1 ||
		view_index_add(&view->index, entry->group, INDEX_NONE, &entry->number, error) == -1)
		return -1;
	entry->accepted = true;
	count_accepted(view, entry, true);
	set_reason(view, entry, NULL);
	return 0;
}

/* Room for a group that will expire. */
static int reserve_expiry(struct view *view, const struct group *group, struct error *error)
{
	if (group->ttl == 0)
		return 0;
	size_t count = view->expiring.count + view->expired.count + 1;
	return expiry_reserve(&view->expiring, count) == -1 || expiry_reserve(&view->expired, count) == -1
		       ? error_set_memory(error)
		       : 0;
}

static void note_expiry(struct view *view, struct entry *entry)
{
	if (entry->group->ttl != 0)
		expiry_add(&view->expiring, entry, group_expires(entry->group));
}

/* What an entry has expired with is kept, and shown to nobody. */
static void set_expired(struct view *view, struct entry *entry)
{
	set_reason(view, entry, NULL);
	entry->expired = true;
	view->counts.rejected--;
	view->counts.expired++;
	expiry_add(&view->expired, entry, group_expires(entry->group));
}

void view_expire(struct view *view)
{
	struct entry *entry;
	while ((entry = expiry_due(&view->expiring, view->now)) != NULL) {
		view->unsettled |= entry->accepted && view->inconsistent > 0;
		withdraw(view, entry);
		set_expired(view, entry);
	}
}

int view_adopt(struct view *view, struct entry *entry, struct group *group, struct error *error)
{
	if (reserve_expiry(view, group, error) == -1)
		return -1;
	entry->group = group;
	view_pieces_admit(&view->index.pieces, group);
	if (group_has_expired(group, view->now)) {
		set_expired(view, entry);
		group_forget_lines(group);
		return 0;
	}
	if (accept(view, entry, error) == -1) {
		if (error->kind == ERROR_MEMORY) {
			entry->group = NULL;
			return -1;
		}
		view_set_reason(view, entry, error);
		view->inconsistent++;
		view->unsettled = true;
	}
	note_expiry(view, entry);
	group_forget_lines(group);
	return 0;
}

static int compare_rank(const void *a, const void *b)
{
	const struct entry *left = *(const struct entry *const *)a, *right = *(const struct entry *const *)b;
	if (left->group->by_hand != right->group->by_hand)
		return left->group->by_hand - right->group->by_hand;
	return slice_compare(left->file, right->file);
}

/* In the order of rank. Rare: only while a file clashes with others. */
int view_settle(struct view *view, struct error *error)
{
	size_t count = 0;
	struct entry *entry, **ranked = calloc(view->counts.groups + view->inconsistent + 1, sizeof(struct entry *));
	if (ranked == NULL)
		return error_set_memory(error);
	view_pieces_forget(&view->index.pieces);
	RB_FOREACH(entry, entry_tree, &view->entries.tree)
	{
		if (entry->accepted) {
			view_index_remove(&view->index, entry->number);
			count_accepted(view, entry, false);
			entry->accepted = false;
		}
		if (entry->group != NULL && !entry->expired)
			ranked[count++] = entry;
	}
	qsort(ranked, count, sizeof(struct entry *), compare_rank);
	view->inconsistent = 0;
	view->unsettled = false;
	for (size_t i = 0; i < count; i++) {
		struct error reason;
		if (accept(view, ranked[i], &reason) == -1) {
			view_set_reason(view, ranked[i], &reason);
			view->inconsistent++;
			view->unsettled |= reason.kind == ERROR_MEMORY;
		}
	}
	free(ranked);
	return view->unsettled ? error_set_memory(error) : 0;
}

const struct group *view_group(const struct view *view, struct slice file)
{
	const struct entry *entry = entries_find(&view->entries, file);
	return entry != NULL && entry->accepted ? entry->group : NULL;
}

bool view_has_file(const struct view *view, struct slice file)
{
	return entries_find(&view->entries, file) != NULL;
}

/* Puts a group into the index, in the place of the entry's, or leaves all as it was. */
static int put_in_index(struct view *view, struct entry *entry, const struct group *group, struct error *error)
{
	if (entry->accepted && group_same_shape(entry->group, group)) {
		view_index_swap(&view->index, entry->number, group);
		return 0;
	}
	if (view_index_add(&view->index, group, entry->accepted ? entry->number : INDEX_NONE, &entry->number, error) ==
		-1)
		return -1;
	/* What only comes in takes nobody's place who is left out. */
	view->unsettled |= entry->accepted && view->inconsistent > 0;
	return 0;
}

int view_put(struct view *view, struct group *group, struct error *error)
{
	size_t before = view->entries.count;
	struct entry *entry = view_get_entry(view, group->key.file, error);
	if (entry == NULL)
		return -1;
	if (check_limits(view, entry->accepted ? entry->group : NULL, group, error) == -1 ||
		reserve_expiry(view, group, error) == -1 || put_in_index(view, entry, group, error) == -1) {
		if (view->entries.count > before)
			remove_entry(view, entry);
		return -1;
	}
	/* A file that was left out gives way. The index has the new group already. */
	if (entry->accepted)
		count_accepted(view, entry, false);
	else if (entry->group != NULL && !entry->expired)
		view->inconsistent--;
	forget_expiry(view, entry);
	view_pieces_retire(&view->index.pieces, entry->group);
	set_reason(view, entry, NULL);
	entry->group = group;
	view_pieces_admit(&view->index.pieces, group);
	entry->accepted = true;
	count_accepted(view, entry, true);
	note_expiry(view, entry);
	group_forget_lines(group);
	return 0;
}

int view_put_unchecked(struct view *view, struct group *group, struct error *error)
{
	struct entry *entry = view_get_entry(view, group->key.file, error);
	if (entry == NULL)
		return -1;
	if (check_limits(view, entry->accepted ? entry->group : NULL, group, error) == -1)
		return -1;
	view->unsettled |= view->inconsistent > 0;
	view_clear_group(view, entry);
	return view_adopt(view, entry, group, error);
}

const struct group *view_stored_group(const struct view *view, struct slice file)
{
	const struct entry *entry = entries_find(&view->entries, file);
	return entry == NULL ? NULL : entry->group;
}

void view_remove(struct view *view, struct slice file)
{
	struct entry *entry = entries_find(&view->entries, file);
	if (entry != NULL)
		remove_entry(view, entry);
}

void view_set_file_id(struct view *view, struct slice file, const struct file_id *id)
{
	struct entry *entry = entries_find(&view->entries, file);
	if (entry == NULL)
		return;
	entry->id = *id;
	entry->forgotten = false;
	entry->racy = false;
	entry->writes++;
	view_set_known(view, entry, true);
}

void view_forget(struct view *view, struct slice file)
{
	struct error unused;
	struct entry *entry = view_get_entry(view, file, &unused);
	if (entry == NULL)
		return;
	view_set_known(view, entry, false);
	entry->forgotten = true;
}

const struct group *view_next(const struct view *view, const struct group *previous)
{
	struct entry *entry = previous == NULL ? NULL : entries_find(&view->entries, previous->key.file);
	do
		entry = entries_next(&view->entries, entry);
	while (entry != NULL && !entry->accepted);
	return entry == NULL ? NULL : entry->group;
}

const struct group *view_next_expired(const struct view *view, size_t *cursor)
{
	return *cursor < view->expired.count ? view->expired.items[(*cursor)++].entry->group : NULL;
}

bool view_next_rejected(const struct view *view, const void **cursor, const char **file, const char **reason)
{
	struct entry *entry = (struct entry *)*cursor;
	do
		entry = entries_next(&view->entries, entry);
	while (entry != NULL && (entry->accepted || entry->expired));
	*cursor = entry;
	if (entry == NULL)
		return false;
	*file = entry->file.data;
	*reason = entry->reason != NULL ? entry->reason : "out of memory";
	return true;
}

uint64_t view_rejected_serial(const struct view *view)
{
	return view->rejected_serial;
}

struct view_counts view_counts(const struct view *view)
{
	return view->counts;
}

bool view_debris(struct view *view)
{
	struct file_id id;
	struct error unused;
	bool there = view->temporary != NULL && spool_identify(view->spool, view->temporary, &id, &unused) == 1;
	free(view->temporary);
	view->temporary = NULL;
	return there;
}

int view_append_exposition(const struct view *view, const struct exposition *own, enum view_natives natives,
	struct buffer *out, struct error *error)
{
	return view_index_append(&view->index, own, natives == VIEW_WITH_NATIVES, out, error);
}

struct view_snapshot *view_snapshot(struct view *view, struct error *error)
{
	return view_pieces_snapshot(&view->index, error);
}

uint64_t view_serial(const struct view *view)
{
	return view->index.pieces.serial;
}

bool view_has_uncompressed(const struct view *view)
{
	return view_pieces_has_uncompressed(&view->index.pieces);
}

int view_uncompressed_chunk(struct view *view, struct chunk **chunk, struct error *error)
{
	return view_pieces_uncompressed_chunk(&view->index, chunk, error);
}

size_t view_retired_bytes(const struct view *view)
{
	return view->index.pieces.retired_len;
}
