/* How a catalog keeps up with a spool, and how one is made. */
#include <stdlib.h>
#include <string.h>

#include "arena.h"
#include "catalog.h"
#include "catalog_parts.h"
#include "clock.h"

/* Pages are half full in a new catalog: it can grow by half before one overflows. */
#define LOAD_DIVISOR 2

#define SERIES_SIZE 64 /* bytes of a group file for each series, more or less */
#define ATTEMPTS    4

/* So many changes are told by their names at most. */
#define CHANGES_MAX 4096

/* After that time, ns, all files are looked at again. */
#define COMPARISON_AGE (600 * CLOCK_SECOND)

/* So many there are at least: a small spool may grow tenfold. */
#define RECORD_PAGES_MIN 16
#define CLAIM_PAGES_MIN	 64

/* --- files that others changed --- */

struct changed {
	struct catalog *catalog;
	size_t max;	    /* more are an error */
	struct arena arena; /* of the names */
	struct slice *files;
	size_t count, capacity;
};

static int add_changed(struct changed *changed, struct slice file, struct error *error)
{
	if (changed->count == changed->max)
		return error_set(error, ERROR_TOO_LARGE, "more than %zu changes", changed->max);
	if (changed->count == changed->capacity) {
		size_t capacity = changed->capacity == 0 ? 16 : changed->capacity * 2;
		struct slice *files = reallocarray(changed->files, capacity, sizeof(*files));
		if (files == NULL)
			return error_set_memory(error);
		changed->files = files;
		changed->capacity = capacity;
	}
	struct slice copy = arena_copy(&changed->arena, file);
	if (copy.data == NULL)
		return error_set_memory(error);
	changed->files[changed->count++] = copy;
	return 0;
}

/* What a group file has now. */
struct content {
	int there;	     /* as spool_read() says */
	struct group *group; /* NULL where it can't be read as one */
	struct file_id id;
	int64_t read; /* when, ns since the epoch */
	struct error reason;
};

static void read_content(struct catalog *catalog, struct slice file, struct content *content)
{
	struct buffer text;
	*content = (struct content){.read = clock_wall()};
	buffer_init(&text, group_file_limits(&catalog->limits).body);
	content->there = spool_read(catalog->spool, file.data, &text, &content->id, &content->reason);
	if (content->there == 1)
		content->group =
			group_read(file, buffer_slice(&text), content->id.modified, &catalog->limits, &content->reason);
	buffer_release(&text);
}

/* A person may be copying a file in place, of which groups/ tells no more than that it came. */
static bool may_grow(const struct content *content)
{
	int64_t age = content->read - content->id.modified;
	bool by_hand = content->group == NULL || content->group->by_hand;
	return by_hand && age < FILE_RACY_AGE && age > -FILE_RACY_AGE;
}

static void set_id(struct catalog *catalog, struct catalog_record *record, const struct content *content)
{
	catalog_set_record_id(record, &content->id, content->read);
	if (may_grow(content))
		catalog->file.header.position.unsettled = 1;
}

static enum catalog_answer put_content(struct catalog *catalog, struct slice file, const struct content *content)
{
	enum catalog_answer answer;
	if (content->there == 0) {
		catalog_remove(catalog, file);
		return catalog->file.broken ? CATALOG_BROKEN : CATALOG_FITS;
	}
	if (content->group != NULL)
		answer = catalog_put(catalog, content->group);
	else if (content->there == 1 && group_is_malformed(content->reason.kind))
		answer = catalog_put_malformed(catalog, file);
	else
		return CATALOG_UNSURE;
	uint32_t number;
	struct catalog_record *record = catalog_find(catalog, file, &number);
	if (record != NULL)
		set_id(catalog, record, content);
	return answer;
}

static enum catalog_answer read_file(struct catalog *catalog, struct slice file)
{
	struct content content;
	read_content(catalog, file, &content);
	enum catalog_answer answer = put_content(catalog, file, &content);
	group_free(content.group);
	return answer;
}

/* Takes back what a file claimed and no longer has, for others to take. Whether nothing is left to be done: a file that
 * was written anew mostly has the same series. */
static bool retire_file(struct catalog *catalog, struct slice file)
{
	uint32_t number;
	struct content content;
	struct catalog_record *record = catalog_find(catalog, file, &number);
	if (record == NULL)
		return false;
	read_content(catalog, file, &content);
	bool same = content.group != NULL && catalog_shape(content.group) == record->shape;
	if (same) {
		catalog_note_expiry(catalog, content.group);
		set_id(catalog, record, &content);
	} else {
		catalog_retire(catalog, record, number);
	}
	catalog_file_touch(&catalog->file, number);
	group_free(content.group);
	return same;
}

static enum catalog_answer read_changed(struct changed *changed)
{
	size_t kept = 0;
	for (size_t i = 0; i < changed->count; i++)
		if (!retire_file(changed->catalog, changed->files[i]))
			changed->files[kept++] = changed->files[i];
	for (size_t i = 0; i < kept; i++) {
		enum catalog_answer answer = read_file(changed->catalog, changed->files[i]);
		if (answer != CATALOG_FITS)
			return answer;
	}
	return CATALOG_FITS;
}

/* --- comparing with the directory --- */

static bool is_same_file(const struct catalog_record *record, const struct file_id *id)
{
	return record->modified != CATALOG_RACY && record->modified == id->modified && record->inode == id->inode &&
	       record->size == id->size;
}

static int visit_file(const char *file, void *context, struct error *error)
{
	struct changed *changed = context;
	uint32_t number;
	struct file_id id;
	struct slice name = slice_of(file);
	int there = spool_identify(changed->catalog->spool, file, &id, error);
	if (there == 0)
		return 0;
	struct catalog_record *record = catalog_find(changed->catalog, name, &number);
	if (record != NULL)
		record->seen = 1;
	if (there == 1 && record != NULL && is_same_file(record, &id))
		return 0;
	return add_changed(changed, name, error);
}

/* Under the lock no tool replaces a file, so that a listing lacks none (directory.h); and what catalog_make() reads
 * without it is compared again. */
static void remove_unseen(struct catalog *catalog)
{
	for (uint32_t number = 0; number < catalog->file.header.record_pages; number++) {
		struct catalog_page *page = catalog_file_page(&catalog->file, number);
		for (uint32_t i = 0; page != NULL && i < page->head.count;) {
			struct catalog_record *record = &page->content.records[i];
			if (record->seen == 0) {
				catalog_remove_record(catalog, record, number);
				continue;
			}
			record->seen = 0;
			i++;
		}
	}
}

static enum catalog_answer compare_with_directory(struct changed *changed)
{
	struct error unused;
	if (spool_scan(changed->catalog->spool, visit_file, changed, &unused) == -1)
		return CATALOG_UNSURE;
	remove_unseen(changed->catalog);
	return read_changed(changed);
}

/* --- catching up --- */

/* What the journal tells; only a name of a group file means anything. */
static int visit_change(const char *file, void *context, struct error *error)
{
	struct slice name = slice_of(file);
	if (file[0] == '.' || strchr(file, '/') != NULL || !slice_has_suffix(name, slice_of(SPOOL_SUFFIX)))
		return 0;
	return add_changed(context, name, error);
}

static int compare_names(const void *a, const void *b)
{
	return slice_compare(*(const struct slice *)a, *(const struct slice *)b);
}

/* Each name once. */
static void sort_changed(struct changed *changed)
{
	size_t kept = 0;
	if (changed->count > 0)
		qsort(changed->files, changed->count, sizeof(changed->files[0]), compare_names);
	for (size_t i = 0; i < changed->count; i++)
		if (i == 0 || !slice_equal(changed->files[i], changed->files[kept - 1]))
			changed->files[kept++] = changed->files[i];
	changed->count = kept;
}

/* Whether `changed` has all that others changed. Otherwise all files must be looked at. */
static bool know_changes(struct changed *changed)
{
	struct error unused;
	struct catalog *catalog = changed->catalog;
	struct catalog_position position = catalog->file.header.position;
	int64_t age = clock_wall() - position.compared;
	/* Also what tells the journal and groups/ nothing is noticed in the end. */
	if (age < 0 || age > COMPARISON_AGE || position.unsettled)
		return false;
	if (!position.journaled)
		return position.groups_modified != SPOOL_UNMARKED &&
		       position.groups_modified == spool_marked(catalog->spool);
	if (spool_changes_since(catalog->spool, &position.journal, visit_change, changed, &unused) != 1)
		return false;
	sort_changed(changed);
	return true;
}

static struct catalog_position find_position(struct catalog *catalog)
{
	struct catalog_position position = catalog->file.header.position;
	position.groups_modified = SPOOL_UNMARKED;
	position.journaled = spool_journal_position(catalog->spool, &position.journal);
	return position;
}

static enum catalog_answer compare(struct changed *changed)
{
	changed->count = 0;
	changed->max = SIZE_MAX;
	int64_t now = clock_wall();
	changed->catalog->file.header.position.unsettled = 0;
	enum catalog_answer answer = compare_with_directory(changed);
	changed->catalog->file.header.position.compared = now;
	return answer;
}

static enum catalog_answer catch_up(struct changed *changed)
{
	struct error unused;
	if (know_changes(changed))
		return read_changed(changed);
	/* Who changed the spool may have been killed on the way. That debris stays is no reason to fail. */
	spool_sweep(changed->catalog->spool, &unused);
	return compare(changed);
}

/* Runs one of the two above. */
static enum catalog_answer run(struct catalog *catalog, enum catalog_answer (*update)(struct changed *changed))
{
	struct changed changed = {.catalog = catalog, .max = CHANGES_MAX};
	arena_init(&changed.arena);
	enum catalog_answer answer = update(&changed);
	arena_release(&changed.arena);
	free(changed.files);
	return catalog->file.broken ? CATALOG_BROKEN : answer;
}

enum catalog_answer catalog_catch_up(struct catalog *catalog)
{
	enum catalog_answer answer = run(catalog, catch_up);
	catalog->caught = find_position(catalog);
	return answer;
}

void catalog_save(struct catalog *catalog)
{
	struct catalog_position *position = &catalog->file.header.position;
	*position = find_position(catalog);
	if (!position->journaled && !catalog->caught.journaled)
		position->groups_modified = spool_mark(catalog->spool);
	/* Somebody else changed groups/ while the files were written: the next one must look. */
	if (position->journal.foreign != catalog->caught.journal.foreign || !catalog->caught.journaled)
		position->journaled = false;
	if (!catalog->file.broken)
		catalog_file_save(&catalog->file);
}

/* --- making one --- */

/* How much there is to be put into a new catalog. */
struct measure {
	struct spool *spool;
	size_t files;
	uint64_t bytes;
};

static int visit_size(const char *file, void *context, struct error *error)
{
	struct measure *measure = context;
	struct file_id id;
	if (spool_identify(measure->spool, file, &id, error) == 1) {
		measure->files++;
		measure->bytes += (uint64_t)id.size;
	}
	return 0;
}

static uint32_t pages_for(uint64_t count, size_t room, uint32_t min)
{
	uint64_t pages = count / (room / LOAD_DIVISOR) + 1;
	return pages < min ? min : pages > UINT32_MAX ? UINT32_MAX : (uint32_t)pages;
}

static enum catalog_answer fill(struct catalog *catalog, const struct measure *measure, uint64_t series)
{
	uint32_t record_pages = pages_for(measure->files, CATALOG_RECORD_MAX, RECORD_PAGES_MIN);
	uint32_t claim_pages = pages_for(series, CATALOG_CLAIM_MAX, CLAIM_PAGES_MIN);
	struct spool *spool = catalog->spool;
	if (catalog_file_make(&catalog->file, spool->directory, spool->groups, record_pages, claim_pages) == -1)
		return CATALOG_UNSURE;
	catalog->file.header.position.groups_modified = SPOOL_UNMARKED;
	enum catalog_answer answer = run(catalog, compare);
	if (answer != CATALOG_FITS)
		catalog_file_close(&catalog->file);
	return answer;
}

struct catalog *catalog_make(struct spool *spool, const struct limits *limits)
{
	struct error unused;
	struct measure measure = {.spool = spool};
	if (spool_scan(spool, visit_size, &measure, &unused) == -1)
		return NULL;
	struct catalog *catalog = calloc(1, sizeof(*catalog));
	if (catalog == NULL)
		return NULL;
	catalog->spool = spool;
	catalog->limits = *limits;
	enum catalog_answer answer = CATALOG_BROKEN;
	uint64_t series = measure.bytes / SERIES_SIZE;
	/* Shorter lines than most: once more, with more room. */
	for (unsigned i = 0; i < ATTEMPTS && answer == CATALOG_BROKEN; i++, series *= 2)
		answer = fill(catalog, &measure, series);
	if (answer == CATALOG_FITS)
		return catalog;
	free(catalog);
	return NULL;
}
