#include "view.h"

#include <stdio.h>
#include <stdlib.h>

#include "clock.h"
#include "consistency.h"
#include "own.h"
#include "text.h"
#include "view_index.h"
#include "watch.h"

/* A file this young when it was read may change again without another time of modification: the coarsest filesystems
 * count in steps of two seconds. */
#define RACY_AGE (2 * CLOCK_SECOND)

/* A group file. */
struct entry {
	RB_ENTRY(entry) link; /* by name */
	struct slice file;    /* NUL-terminated */
	struct group *group;  /* NULL where it can't be read */
	struct index_member member;
	struct file_id id;
	bool accepted;	 /* in the index and in the exposition; otherwise left out */
	bool known;	 /* `id` is that of what was read */
	bool racy;	 /* known, but perhaps not for long */
	bool forgotten;	 /* the group may not be what the file has */
	bool seen;	 /* by the scan that is under way */
	unsigned writes; /* of this process, whose events are still to come */
	char *reason;	 /* why it is left out */
};

RB_HEAD(entry_tree, entry);

struct view {
	struct spool *spool;
	struct limits limits;
	struct watch *watch; /* NULL where the spool must be scanned each time */
	struct entry_tree entries;
	struct view_index index;
	struct view_counts counts;
	size_t unknown;	     /* entries that the next refresh reads whatever it hears */
	size_t inconsistent; /* entries that can be read and clash with others */
	bool loaded;
	bool unsettled;	 /* which of those that clash is left out must be found anew */
	char *temporary; /* another process's temporary file that was seen last; NULL */
};

static int compare_entries(const struct entry *a, const struct entry *b)
{
	return slice_compare(a->file, b->file);
}

RB_GENERATE_INTERNAL(entry_tree, entry, link, compare_entries, __attribute__((unused)) static)

struct view *view_new(struct spool *spool, enum view_mode mode, const struct limits *limits, struct error *error)
{
	struct view *view = calloc(1, sizeof(*view));
	if (view == NULL) {
		error_set_memory(error);
		return NULL;
	}
	view->spool = spool;
	view->limits = *limits;
	RB_INIT(&view->entries);
	view_index_init(&view->index);
	view->watch = mode == VIEW_FOLLOW ? watch_new(spool->groups) : NULL;
	return view;
}

static struct entry *find_entry(const struct view *view, struct slice file)
{
	struct entry key = {.file = file};
	return RB_FIND(entry_tree, (struct entry_tree *)&view->entries, &key);
}

static struct entry *get_entry(struct view *view, struct slice file, struct error *error)
{
	struct entry *entry = find_entry(view, file);
	if (entry != NULL)
		return entry;
	entry = calloc(1, sizeof(*entry) + file.len + 1);
	if (entry == NULL) {
		error_set_memory(error);
		return NULL;
	}
	memcpy(entry + 1, file.data, file.len);
	entry->file = slice_make((const char *)(entry + 1), file.len);
	RB_INSERT(entry_tree, &view->entries, entry);
	view->counts.rejected++;
	view->unknown++;
	return entry;
}

static void set_known(struct view *view, struct entry *entry, bool known)
{
	view->unknown += (size_t)entry->known - (size_t)known;
	entry->known = known;
}

static void count_accepted(struct view *view, const struct entry *entry, bool accepted)
{
	size_t sign = accepted ? 1 : SIZE_MAX;
	view->counts.groups += sign;
	view->counts.rejected -= sign;
	view->counts.series += sign * entry->group->series_count;
	view->counts.bytes += sign * entry->group->text.len;
	view->counts.quoted_names += sign * entry->group->quoted_names;
}

/* Takes the entry's group out of everything and frees it. */
static void clear_group(struct view *view, struct entry *entry)
{
	if (entry->accepted) {
		view_index_remove(&view->index, &entry->member);
		count_accepted(view, entry, false);
		entry->accepted = false;
	} else if (entry->group != NULL) {
		view->inconsistent--;
	}
	if (entry->group != NULL)
		view_index_discard(&view->index, &entry->member);
	group_free(entry->group);
	entry->group = NULL;
	free(entry->reason);
	entry->reason = NULL;
}

static void remove_entry(struct view *view, struct entry *entry)
{
	view->unsettled |= entry->accepted && view->inconsistent > 0;
	clear_group(view, entry);
	view->counts.rejected--;
	view->unknown -= !entry->known;
	RB_REMOVE(entry_tree, &view->entries, entry);
	free(entry);
}

void view_free(struct view *view)
{
	if (view == NULL)
		return;
	struct entry *entry, *next;
	RB_FOREACH_SAFE(entry, entry_tree, &view->entries, next)
	remove_entry(view, entry);
	view_index_release(&view->index);
	watch_free(view->watch);
	free(view->temporary);
	free(view);
}

int view_fd(const struct view *view)
{
	return view->watch == NULL ? -1 : watch_fd(view->watch);
}

/* Out of memory here loses the reason only. */
static void set_reason(struct entry *entry, const struct error *error)
{
	free(entry->reason);
	entry->reason = NULL;
	if (error->line == 0)
		entry->reason = strdup(error->message);
	else if (asprintf(&entry->reason, "line %u: %s", error->line, error->message) == -1)
		entry->reason = NULL;
}

static int check_limits(
	const struct view *view, const struct group *old, const struct group *group, struct error *error)
{
	size_t groups = view->counts.groups + (old == NULL);
	size_t series = view->counts.series - (old == NULL ? 0 : old->series_count) + group->series_count;
	return consistency_check_size(groups, series, &view->limits, error);
}

/* Puts an entry that has a group and a prepared member into the index. */
static int accept(struct view *view, struct entry *entry, struct error *error)
{
	if (check_limits(view, NULL, entry->group, error) == -1 ||
		view_index_add(&view->index, &entry->member, error) == -1)
		return -1;
	entry->accepted = true;
	count_accepted(view, entry, true);
	free(entry->reason);
	entry->reason = NULL;
	return 0;
}

/* Gives an entry without a group one that was read. */
static int adopt(struct view *view, struct entry *entry, struct group *group, struct error *error)
{
	entry->group = group;
	entry->member = (struct index_member){0};
	if (view_index_prepare(&view->index, &entry->member, group, error) == -1) {
		view_index_discard(&view->index, &entry->member);
		entry->group = NULL;
		return -1;
	}
	if (accept(view, entry, error) == -1) {
		set_reason(entry, error);
		view->inconsistent++;
		view->unsettled = true;
	}
	return 0;
}

static int compare_rank(const void *a, const void *b)
{
	const struct entry *left = *(const struct entry *const *)a, *right = *(const struct entry *const *)b;
	if (left->group->by_hand != right->group->by_hand)
		return left->group->by_hand - right->group->by_hand;
	return compare_entries(left, right);
}

/* Finds out anew who is accepted, in the order of rank. Rare: only while a file clashes with others. */
static int settle(struct view *view, struct error *error)
{
	size_t count = 0;
	struct entry *entry, **ranked = calloc(view->counts.groups + view->inconsistent + 1, sizeof(struct entry *));
	if (ranked == NULL)
		return error_set_memory(error);
	RB_FOREACH(entry, entry_tree, &view->entries)
	{
		if (entry->accepted) {
			view_index_remove(&view->index, &entry->member);
			count_accepted(view, entry, false);
			entry->accepted = false;
		}
		if (entry->group != NULL)
			ranked[count++] = entry;
	}
	qsort(ranked, count, sizeof(struct entry *), compare_rank);
	view->inconsistent = 0;
	for (size_t i = 0; i < count; i++) {
		struct error reason;
		if (accept(view, ranked[i], &reason) == -1) {
			set_reason(ranked[i], &reason);
			view->inconsistent++;
		}
	}
	free(ranked);
	view->unsettled = false;
	return 0;
}

/* Whether trying again may help. */
static bool is_passing(enum error_kind kind)
{
	return kind == ERROR_IO || kind == ERROR_MEMORY;
}

/* Reads a group file into its entry, and removes the entry when the file is gone. -1 when memory ran out. */
static int read_entry(struct view *view, struct slice file, struct error *error)
{
	struct buffer text;
	struct file_id id = {0};
	struct error reason;
	struct group *group = NULL;
	buffer_init(&text, group_file_limits(&view->limits).body);
	int there = spool_read(view->spool, file.data, &text, &id, &reason);
	struct entry *entry = there == 0 ? find_entry(view, file) : get_entry(view, file, error);
	if (there == 0 && entry != NULL)
		remove_entry(view, entry);
	if (there == 0 || entry == NULL) {
		buffer_release(&text);
		return there == 0 ? 0 : -1;
	}
	/* A file that can't be read for want of descriptors, say, has not changed for that. */
	if (there == -1 && entry->group != NULL && !entry->forgotten && is_passing(reason.kind)) {
		set_known(view, entry, false);
		buffer_release(&text);
		return 0;
	}
	view->unsettled |= entry->accepted && view->inconsistent > 0;
	clear_group(view, entry);
	entry->forgotten = false;
	entry->id = id;
	entry->racy = clock_wall() - id.modified < RACY_AGE;
	entry->writes = 0;
	set_known(view, entry, there == 1);
	if (there == 1)
		group = group_read(entry->file, buffer_slice(&text), id.modified, &view->limits, &reason);
	buffer_release(&text);
	if (group == NULL) {
		set_reason(entry, &reason);
		return 0;
	}
	if (adopt(view, entry, group, error) == -1) {
		group_free(group);
		return -1;
	}
	return 0;
}

/* What the scan does with each file: reads it where it is not the one that was read before. */
static int visit_file(const char *file, void *context, struct error *error)
{
	struct view *view = context;
	struct slice name = slice_of(file);
	struct file_id id;
	struct entry *entry = find_entry(view, name);
	if (entry == NULL || !entry->known || entry->racy || spool_identify(view->spool, file, &id, error) != 1 ||
		id.inode != entry->id.inode || id.size != entry->id.size || id.modified != entry->id.modified) {
		if (read_entry(view, name, error) == -1)
			return -1;
		entry = find_entry(view, name);
	}
	if (entry != NULL)
		entry->seen = true;
	return 0;
}

static int rescan(struct view *view, struct error *error)
{
	struct entry *entry, *next;
	RB_FOREACH(entry, entry_tree, &view->entries)
	entry->seen = false;
	if (spool_scan(view->spool, visit_file, view, error) == -1)
		return -1;
	RB_FOREACH_SAFE(entry, entry_tree, &view->entries, next)
	{
		if (!entry->seen)
			remove_entry(view, entry);
	}
	view->loaded = true;
	return 0;
}

/* What went wrong while events were handled: the visitor can't return it. */
struct drain {
	struct view *view;
	struct error *error;
	int status;
};

static void note_temporary(struct view *view, const char *file)
{
	bool own;
	if (!spool_is_temporary(file, &own) || own)
		return;
	free(view->temporary);
	view->temporary = strdup(file);
}

static void visit_event(enum watch_event event, const char *file, void *context)
{
	struct drain *drain = context;
	struct view *view = drain->view;
	struct slice name = slice_of(file);
	struct file_id id;
	if (file[0] == '.' || !slice_has_suffix(name, slice_of(SPOOL_SUFFIX))) {
		note_temporary(view, file);
		return;
	}
	/* A rename of this process's own, which it has told already. */
	struct entry *entry = find_entry(view, name);
	if (event == WATCH_REPLACED && entry != NULL && entry->known && entry->writes > 0) {
		entry->writes--;
		if (spool_identify(view->spool, file, &id, drain->error) == 1 && id.inode == entry->id.inode &&
			id.size == entry->id.size && id.modified == entry->id.modified)
			return;
	}
	if (read_entry(view, name, drain->error) == -1)
		drain->status = -1;
}

/* Entries that view_forget() named. */
static int read_unknown(struct view *view, struct error *error)
{
	struct entry *entry, *next;
	RB_FOREACH_SAFE(entry, entry_tree, &view->entries, next)
	{
		if (!entry->known && read_entry(view, entry->file, error) == -1)
			return -1;
	}
	return 0;
}

static int read_changes(struct view *view, struct error *error)
{
	struct drain drain = {view, error, 0};
	bool complete = view->loaded && view->watch != NULL;
	/* Before the first scan too: what it sees need not be told again. */
	if (view->watch != NULL && watch_drain(view->watch, visit_event, &drain) == -1)
		complete = false;
	if (drain.status == -1)
		return -1;
	if (!complete && rescan(view, error) == -1)
		return -1;
	if (view->unknown > 0 && read_unknown(view, error) == -1)
		return -1;
	return view->unsettled ? settle(view, error) : 0;
}

int view_refresh(struct view *view, struct error *error)
{
	int result = read_changes(view, error);
	/* Says more than what failed because of it. What the watch told is read all the same, so that it falls silent.
	 */
	return spool_check_there(view->spool, error) == -1 ? -1 : result;
}

const struct group *view_group(const struct view *view, struct slice file)
{
	const struct entry *entry = find_entry(view, file);
	return entry != NULL && entry->accepted ? entry->group : NULL;
}

bool view_has_file(const struct view *view, struct slice file)
{
	return find_entry(view, file) != NULL;
}

/* Swaps the group of an accepted entry for another one, or leaves all as it was. */
static int replace_group(struct view *view, struct entry *entry, struct group *group, struct error *error)
{
	struct index_member member = {0};
	if (check_limits(view, entry->group, group, error) == -1)
		return -1;
	if (view_index_prepare(&view->index, &member, group, error) == -1)
		goto discard;
	view_index_remove(&view->index, &entry->member);
	/* The slots and blocks know the member by its address, so it takes the place of the old one first. */
	struct index_member old = entry->member;
	entry->member = member;
	for (size_t i = 0; i < group->block_count; i++)
		entry->member.blocks[i].member = &entry->member;
	if (view_index_add(&view->index, &entry->member, error) == -1) {
		entry->member = old;
		struct error unused;
		view_index_add(&view->index, &entry->member, &unused);
		goto discard;
	}
	view->unsettled |= view->inconsistent > 0 && !group_same_shape(entry->group, group);
	count_accepted(view, entry, false);
	view_index_discard(&view->index, &old);
	group_free(entry->group);
	entry->group = group;
	count_accepted(view, entry, true);
	return 0;
discard:
	view_index_discard(&view->index, &member);
	return -1;
}

int view_put(struct view *view, struct group *group, struct error *error)
{
	bool created = find_entry(view, group->key.file) == NULL;
	struct entry *entry = get_entry(view, group->key.file, error);
	if (entry == NULL)
		return -1;
	if (entry->accepted)
		return replace_group(view, entry, group, error);
	/* Beside a file that is left out, whose group gives way when this one is consistent. */
	struct entry candidate = {.group = group};
	if (view_index_prepare(&view->index, &candidate.member, group, error) == -1)
		goto discard;
	clear_group(view, entry);
	entry->group = group;
	entry->member = candidate.member;
	for (size_t i = 0; i < group->block_count; i++)
		entry->member.blocks[i].member = &entry->member;
	if (accept(view, entry, error) == 0) {
		view->unsettled |= view->inconsistent > 0;
		return 0;
	}
	candidate.member = entry->member;
	entry->group = NULL;
	set_known(view, entry, false);
discard:
	view_index_discard(&view->index, &candidate.member);
	if (created)
		remove_entry(view, entry);
	return -1;
}

int view_put_unchecked(struct view *view, struct group *group, struct error *error)
{
	struct entry *entry = get_entry(view, group->key.file, error);
	if (entry == NULL)
		return -1;
	if (check_limits(view, entry->accepted ? entry->group : NULL, group, error) == -1)
		return -1;
	view->unsettled |= view->inconsistent > 0;
	clear_group(view, entry);
	return adopt(view, entry, group, error);
}

const struct group *view_stored_group(const struct view *view, struct slice file)
{
	const struct entry *entry = find_entry(view, file);
	return entry == NULL ? NULL : entry->group;
}

void view_remove(struct view *view, struct slice file)
{
	struct entry *entry = find_entry(view, file);
	if (entry != NULL)
		remove_entry(view, entry);
}

void view_set_file_id(struct view *view, struct slice file, const struct file_id *id)
{
	struct entry *entry = find_entry(view, file);
	if (entry == NULL)
		return;
	entry->id = *id;
	entry->forgotten = false;
	entry->racy = false;
	entry->writes++;
	set_known(view, entry, true);
}

void view_forget(struct view *view, struct slice file)
{
	struct error unused;
	struct entry *entry = get_entry(view, file, &unused);
	if (entry == NULL)
		return;
	set_known(view, entry, false);
	entry->forgotten = true;
}

const struct group *view_next(const struct view *view, const struct group *previous)
{
	struct entry *entry = previous == NULL
				      ? RB_MIN(entry_tree, (struct entry_tree *)&view->entries)
				      : RB_NEXT(entry_tree, &view->entries, find_entry(view, previous->key.file));
	while (entry != NULL && !entry->accepted)
		entry = RB_NEXT(entry_tree, &view->entries, entry);
	return entry == NULL ? NULL : entry->group;
}

bool view_next_rejected(const struct view *view, const void **cursor, const char **file, const char **reason)
{
	struct entry *entry = (struct entry *)*cursor;
	entry = entry == NULL ? RB_MIN(entry_tree, (struct entry_tree *)&view->entries)
			      : RB_NEXT(entry_tree, &view->entries, entry);
	while (entry != NULL && entry->accepted)
		entry = RB_NEXT(entry_tree, &view->entries, entry);
	*cursor = entry;
	if (entry == NULL)
		return false;
	*file = entry->file.data;
	*reason = entry->reason != NULL ? entry->reason : "out of memory";
	return true;
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
