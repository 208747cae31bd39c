/*
 * What others changed in the spool: told by a watch on the directory, or found by a scan.
 */
#include <stdlib.h>

#include "clock.h"
#include "view_parts.h"

/* Whether trying again may help. */
static bool is_passing(enum error_kind kind)
{
	return kind == ERROR_IO || kind == ERROR_MEMORY;
}

/* What spool_read() found under a name. */
struct found {
	int there; /* as it says */
	struct slice text;
	struct file_id id;
	struct error reason; /* why it could not be read */
};

/* Gives an entry what its file has now. -1 when memory ran out. */
static int fill_entry(struct view *view, struct entry *entry, struct found *found, struct error *error)
{
	struct group *group = NULL;
	view->unsettled |= entry->accepted && view->inconsistent > 0;
	view_clear_group(view, entry);
	entry->forgotten = false;
	entry->id = found->id;
	entry->racy = clock_wall() - found->id.modified < FILE_RACY_AGE;
	entry->writes = 0;
	view_set_known(view, entry, found->there == 1);
	if (found->there == 1)
		group = group_read(entry->file, found->text, found->id.modified, &view->limits, &found->reason);
	if (group == NULL) {
		view_set_reason(view, entry, &found->reason);
		return 0;
	}
	if (view_adopt(view, entry, group, error) == 0)
		return 0;
	group_free(group);
	return -1;
}

/* The same where it is not known yet what that is: the entry comes and goes with the file. */
static int update_entry(struct view *view, struct slice file, struct found *found, struct error *error)
{
	if (found->there == 0) {
		view_remove(view, file);
		return 0;
	}
	struct entry *entry = view_get_entry(view, file, error);
	if (entry == NULL)
		return -1;
	/* A file that can't be read for want of descriptors, say, has not changed for that. */
	if (found->there == -1 && entry->group != NULL && !entry->forgotten && is_passing(found->reason.kind)) {
		view_set_known(view, entry, false);
		return 0;
	}
	return fill_entry(view, entry, found, error);
}

/* Reads a group file into its entry, and removes the entry when the file is gone. -1 when memory ran out. */
static int read_entry(struct view *view, struct slice file, struct error *error)
{
	struct buffer text;
	struct found found;
	found.id = (struct file_id){0};
	buffer_init(&text, group_file_limits(&view->limits).body);
	found.there = spool_read(view->spool, file.data, &text, &found.id, &found.reason);
	found.text = buffer_slice(&text);
	int result = update_entry(view, file, &found, error);
	buffer_release(&text);
	return result;
}

static bool is_unchanged(const struct view *view, const struct entry *entry)
{
	struct file_id id;
	struct error unused;
	return spool_identify(view->spool, entry->file.data, &id, &unused) == 1 && id.inode == entry->id.inode &&
	       id.size == entry->id.size && id.modified == entry->id.modified;
}

/* Whether an entry has what its file has now, so that it need not be read. */
static bool is_current(const struct view *view, const struct entry *entry)
{
	return entry->known && !entry->racy && is_unchanged(view, entry);
}

/* What the scan does with each file. */
static int visit_file(const char *file, void *context, struct error *error)
{
	struct view *view = context;
	struct slice name = slice_of(file);
	struct entry *entry = entries_find(&view->entries, name);
	if (entry == NULL || !is_current(view, entry)) {
		if (read_entry(view, name, error) == -1)
			return -1;
		entry = entries_find(&view->entries, name);
	}
	if (entry != NULL)
		entry->seen = true;
	return 0;
}

/* What the scan has not seen is looked for by its name: while others replace files a listing may lack some
 * (directory.h). */
static int rescan(struct view *view, struct error *error)
{
	struct entry *entry, *next;
	RB_FOREACH(entry, entry_tree, &view->entries.tree)
	entry->seen = false;
	if (spool_scan(view->spool, visit_file, view, error) == -1)
		return -1;
	RB_FOREACH_SAFE(entry, entry_tree, &view->entries.tree, next)
	{
		if (!entry->seen && !is_current(view, entry) && read_entry(view, entry->file, error) == -1)
			return -1;
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
	if (!spool_is_debris(view->spool, file))
		return;
	free(view->temporary);
	view->temporary = strdup(file);
}

/* Whether an event is that of a write of this process, which it has told already. Each gives one, with which others of
 * that name may have become one: hence the look at the file. Where another process has our number, as in another
 * container, we count one of its events for ours, and find one too many later. */
static bool is_told(const struct view *view, struct entry *entry, enum watch_event event, const char *from)
{
	bool own = false;
	if (event != WATCH_REPLACED || entry == NULL || !entry->known || entry->writes == 0 || from == NULL ||
		!spool_is_temporary(view->spool, from, &own) || !own)
		return false;
	entry->writes--;
	return is_unchanged(view, entry);
}

static void visit_event(enum watch_event event, const char *file, const char *from, void *context)
{
	struct drain *drain = context;
	struct view *view = drain->view;
	struct slice name = slice_of(file);
	if (file[0] == '.' || !slice_has_suffix(name, slice_of(SPOOL_SUFFIX))) {
		note_temporary(view, file);
		return;
	}
	if (!is_told(view, entries_find(&view->entries, name), event, from) &&
		read_entry(view, name, drain->error) == -1)
		drain->status = -1;
}

/* Entries that view_forget() named, and those that could not be read the last time. */
static int read_unread(struct view *view, struct error *error)
{
	struct entry *entry, *next;
	LIST_FOREACH_SAFE(entry, &view->unread, unread, next)
	{
		if (read_entry(view, entry->file, error) == -1)
			return -1;
	}
	return 0;
}

static int read_changes(struct view *view, struct error *error)
{
	struct drain drain = {view, error, 0};
	view->now = clock_wall();
	bool complete = view->loaded && view->watch != NULL;
	/* Before the first scan too: what it sees need not be told again. */
	if (view->watch != NULL && watch_drain(view->watch, visit_event, &drain) == -1)
		complete = false;
	if (drain.status == -1)
		return -1;
	if (!complete && rescan(view, error) == -1)
		return -1;
	if (read_unread(view, error) == -1)
		return -1;
	view_expire(view);
	return view->unsettled ? view_settle(view, error) : 0;
}

int view_refresh(struct view *view, struct error *error)
{
	int result = read_changes(view, error);
	/* Says more than what failed because of it. What the watch told is read all the same, so that it falls silent.
	 */
	return spool_check_there(view->spool, error) == -1 ? -1 : result;
}
