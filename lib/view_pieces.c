#include "view_pieces.h"

#include <stdlib.h>

#include "view_index.h"

void view_pieces_init(struct view_pieces *pieces)
{
	*pieces = (struct view_pieces){0};
	LIST_INIT(&pieces->uncompressed);
	for (size_t i = 0; i < OWN_PLACES; i++)
		chunk_list_init(&pieces->places[i], &pieces->uncompressed);
	LIST_INIT(&pieces->changed);
	TAILQ_INIT(&pieces->snapshots);
}

void view_pieces_release(struct view_pieces *pieces)
{
	view_pieces_forget(pieces);
	if (pieces->current != NULL)
		view_snapshot_free(pieces->current);
	view_pieces_init(pieces);
}

static void unmark(struct index_family *family)
{
	if (family->is_changed)
		LIST_REMOVE(family, changed);
	family->is_changed = false;
}

static void mark(struct view_pieces *pieces, struct index_family *family)
{
	if (!family->is_changed)
		LIST_INSERT_HEAD(&pieces->changed, family, changed);
	family->is_changed = true;
}

void view_pieces_forget(struct view_pieces *pieces)
{
	for (size_t i = 0; i < OWN_PLACES; i++)
		chunk_list_release(&pieces->places[i]);
	while (!LIST_EMPTY(&pieces->changed))
		unmark(LIST_FIRST(&pieces->changed));
	pieces->kept = false;
}

/* The view is about to be another one. */
static void leave_current(struct view_pieces *pieces)
{
	if (pieces->current != NULL)
		view_snapshot_free(pieces->current);
	pieces->current = NULL;
	pieces->serial++;
}

/* A text on its way into pieces. */
struct cutter {
	struct slice rest;
	bool comments; /* it may have comments, which plain text doesn't have */
	bool in_line;  /* the last piece ended within a line */
};

/* The next piece, or an empty one at the end. */
static struct slice cut_piece(struct cutter *cutter)
{
	const char *at = cutter->rest.data, *end = at + cutter->rest.len;
	while (cutter->comments && !cutter->in_line && at < end && *at == '#')
		at = (const char *)memchr(at, '\n', (size_t)(end - at)) + 1;
	const char *to = cutter->comments ? at : end;
	while (to < end && (to == at || *to != '#') && (size_t)(to - at) < PIECE_TEXT_MAX)
		to = (const char *)memchr(to, '\n', (size_t)(end - to)) + 1;
	if ((size_t)(to - at) > PIECE_TEXT_MAX)
		to = at + PIECE_TEXT_MAX;
	cutter->in_line = to > at && to[-1] != '\n';
	cutter->rest = slice_make(to, (size_t)(end - to));
	return slice_make(at, (size_t)(to - at));
}

static int put_pieces(struct chunk_list *list, struct piece piece, struct cutter *cutter,
	int (*put)(struct chunk_list *, const struct piece *))
{
	while ((piece.text = cut_piece(cutter)).len > 0) {
		if (put(list, &piece) == -1)
			return -1;
	}
	return 0;
}

/* A block of a group and of its family. */
struct piece_source {
	struct index_family *family;
	const struct group *group;
	const struct block *block;
};

static struct cutter cutter_of(const struct piece_source *source)
{
	return (struct cutter){.rest = source->block->samples, .comments = source->group->natives};
}

static int put_block(struct chunk_list *list, const struct piece_source *source,
	int (*put)(struct chunk_list *, const struct piece *))
{
	struct cutter cutter = cutter_of(source);
	return put_pieces(list, (struct piece){.family = source->family, .group = source->group}, &cutter, put);
}

/* HELP may be long. */
static int put_head(struct chunk_list *list, const struct index_family *family,
	int (*put)(struct chunk_list *, const struct piece *))
{
	struct cutter cutter = {.rest = family->head->text};
	return put_pieces(list, (struct piece){.family = family}, &cutter, put);
}

static struct chunk_list *list_of(struct view_pieces *pieces, const struct index_family *family)
{
	return &pieces->places[family->place];
}

static bool same_help(struct slice a, struct slice b)
{
	return (a.data == NULL) == (b.data == NULL) && slice_equal(a, b);
}

static int add_block(struct view_pieces *pieces, const struct piece_source *source)
{
	if (source->family->head == NULL || source->block->help.data != NULL)
		mark(pieces, source->family);
	return put_block(list_of(pieces, source->family), source, chunk_list_insert);
}

static int remove_block(struct view_pieces *pieces, const struct piece_source *source)
{
	if (source->block->help.data != NULL)
		mark(pieces, source->family);
	return chunk_list_remove(list_of(pieces, source->family), source->family, source->group);
}

/* A block in the place of another one of the same family and of a group of the same name. */
static int replace_block(struct view_pieces *pieces, const struct block *old, const struct piece_source *source)
{
	struct chunk_list *list = list_of(pieces, source->family);
	struct cutter cutter = cutter_of(source);
	struct piece piece = {.text = cut_piece(&cutter), .family = source->family, .group = source->group};
	if (!same_help(old->help, source->block->help) || old->type != source->block->type)
		mark(pieces, source->family);
	if (piece.text.len > 0 && cutter.rest.len == 0) {
		int status = chunk_list_replace(list, &piece);
		if (status != 0)
			return status == 1 ? 0 : -1;
	}
	if (chunk_list_remove(list, source->family, source->group) == -1)
		return -1;
	return put_block(list, source, chunk_list_insert);
}

/* Notes a block that was there, one that will be there, or both, of one family; the others are NULL. */
static int change_block(struct view_index *index, const struct group *old_group, const struct block *old,
	const struct group *group, const struct block *block)
{
	struct piece_source source = {.group = block != NULL ? group : old_group, .block = block != NULL ? block : old};
	source.family = index_find_family(index, source.block->name);
	if (old == NULL)
		return add_block(&index->pieces, &source);
	if (block == NULL)
		return remove_block(&index->pieces, &source);
	return replace_block(&index->pieces, old, &source);
}

/* A block of two groups, by name. */
static int compare_blocks(const struct block *old, const struct block *block)
{
	return old == NULL ? 1 : block == NULL ? -1 : slice_compare(old->name, block->name);
}

void view_pieces_change(struct view_index *index, const struct group *old, const struct group *group)
{
	size_t i = 0, j = 0, old_count = old == NULL ? 0 : old->block_count,
	       count = group == NULL ? 0 : group->block_count;
	leave_current(&index->pieces);
	while (index->pieces.kept && (i < old_count || j < count)) {
		const struct block *from = i < old_count ? &old->blocks[i] : NULL;
		const struct block *to = j < count ? &group->blocks[j] : NULL;
		int order = compare_blocks(from, to);
		if (change_block(index, old, order <= 0 ? from : NULL, group, order >= 0 ? to : NULL) == -1)
			view_pieces_forget(&index->pieces);
		i += order <= 0;
		j += order >= 0;
	}
}

/* Whether a snapshot, NULL for none, was taken since something came. */
static bool may_have(const struct view_snapshot *snapshot, uint64_t since)
{
	return snapshot != NULL && snapshot->number >= since;
}

/* HELP and TYPE. */

static void retire_head(struct view_pieces *pieces, struct family_head *head)
{
	struct view_snapshot *newest = TAILQ_LAST(&pieces->snapshots, view_snapshot_queue);
	if (may_have(newest, head->since))
		STAILQ_INSERT_TAIL(&newest->heads, head, retired);
	else
		free(head);
}

static int make_head(const struct view_index *index, const struct index_family *family, struct buffer *text)
{
	buffer_clear(text);
	return canonical_append_head(
		text, family->name, index_family_help(index, family), index_family_type(index, family));
}

/* Gives a family the HELP and TYPE that it should have and that it hasn't yet: those it had, if any, are the caller's
 * to remove from where they are. */
static int new_head(const struct view_pieces *pieces, struct index_family *family, struct slice text)
{
	struct family_head *head = malloc(sizeof(*head) + text.len);
	if (head == NULL)
		return -1;
	memcpy(head + 1, text.data, text.len);
	head->since = pieces->next_number;
	head->text = slice_make((const char *)(head + 1), text.len);
	family->head = head;
	return 0;
}

static void drop_head(struct view_pieces *pieces, struct index_family *family)
{
	if (family->head != NULL)
		retire_head(pieces, family->head);
	family->head = NULL;
}

static int update_head(struct view_index *index, struct index_family *family, struct buffer *text)
{
	struct chunk_list *list = list_of(&index->pieces, family);
	if (make_head(index, family, text) == -1)
		return -1;
	if (family->head != NULL && slice_equal(family->head->text, buffer_slice(text)))
		return 0;
	if (family->head != NULL && chunk_list_remove(list, family, NULL) == -1)
		return -1;
	drop_head(&index->pieces, family);
	return new_head(&index->pieces, family, buffer_slice(text)) == -1 ? -1
									  : put_head(list, family, chunk_list_insert);
}

static bool has_own_head(const struct index_family *family)
{
	return family->place % 2 == 1;
}

void view_pieces_remove_family(struct view_pieces *pieces, struct index_family *family)
{
	unmark(family);
	if (family->head != NULL && pieces->kept && chunk_list_remove(list_of(pieces, family), family, NULL) == -1)
		view_pieces_forget(pieces);
	drop_head(pieces, family);
}

/* Brings the lists up to date. */

static int update_heads(struct view_index *index)
{
	struct index_family_list *changed = &index->pieces.changed;
	struct buffer text;
	int status = 0;
	buffer_init(&text, SIZE_MAX / 2);
	while (!LIST_EMPTY(changed) && status == 0) {
		struct index_family *family = LIST_FIRST(changed);
		unmark(family);
		if (!has_own_head(family))
			status = update_head(index, family, &text);
	}
	buffer_release(&text);
	return status;
}

static int append_family(struct view_index *index, struct index_family *family, struct buffer *text)
{
	struct chunk_list *list = list_of(&index->pieces, family);
	struct piece_source source = {.family = family};
	struct sorted_cursor cursor = {0};
	drop_head(&index->pieces, family);
	if (!has_own_head(family) &&
		(make_head(index, family, text) == -1 || new_head(&index->pieces, family, buffer_slice(text)) == -1 ||
			put_head(list, family, chunk_list_append) == -1))
		return -1;
	while (index_family_next(index, family, &cursor, &source.group, &source.block)) {
		if (put_block(list, &source, chunk_list_append) == -1)
			return -1;
	}
	return 0;
}

static int make_all(struct view_index *index)
{
	struct index_family *family;
	struct buffer text;
	int status = 0;
	buffer_init(&text, SIZE_MAX / 2);
	RB_FOREACH(family, index_family_tree, &index->families)
	{
		if (status == 0)
			status = append_family(index, family, &text);
	}
	for (size_t i = 0; i < OWN_PLACES; i++)
		chunk_list_finish(&index->pieces.places[i]);
	buffer_release(&text);
	return status;
}

/* 0, or -1 with ERROR_MEMORY and nothing kept. */
static int bring_up_to_date(struct view_index *index, struct error *error)
{
	struct view_pieces *pieces = &index->pieces;
	pieces->kept = pieces->kept ? update_heads(index) == 0 : make_all(index) == 0;
	if (pieces->kept)
		return 0;
	view_pieces_forget(pieces);
	return error_set_memory(error);
}

bool view_pieces_has_uncompressed(const struct view_pieces *pieces)
{
	return !pieces->kept || !LIST_EMPTY(&pieces->uncompressed);
}

int view_pieces_uncompressed_chunk(struct view_index *index, struct chunk **chunk, struct error *error)
{
	int status = bring_up_to_date(index, error);
	*chunk = LIST_FIRST(&index->pieces.uncompressed);
	return status;
}

/* Snapshots. */

static struct view_snapshot *snapshot_new(struct view_pieces *pieces)
{
	size_t count = 0, at = 0;
	for (size_t i = 0; i < OWN_PLACES; i++)
		count += pieces->places[i].run.count;
	struct view_snapshot *snapshot = malloc(sizeof(*snapshot) + count * sizeof(struct chunk *));
	if (snapshot == NULL)
		return NULL;
	*snapshot = (struct view_snapshot){
		.references = 1, .pieces = pieces, .number = pieces->next_number++, .chunk_count = count};
	for (size_t i = 0; i < OWN_PLACES; i++) {
		const struct chunk_run *run = &pieces->places[i].run;
		snapshot->places[i] = (struct chunk_run){snapshot->chunks + at, run->count, run->text_len};
		for (size_t j = 0; j < run->count; j++) {
			run->chunks[j]->references++;
			snapshot->chunks[at++] = run->chunks[j];
		}
	}
	STAILQ_INIT(&snapshot->groups);
	STAILQ_INIT(&snapshot->heads);
	TAILQ_INSERT_TAIL(&pieces->snapshots, snapshot, link);
	return snapshot;
}

struct view_snapshot *view_pieces_snapshot(struct view_index *index, struct error *error)
{
	struct view_pieces *pieces = &index->pieces;
	if (pieces->current == NULL && bring_up_to_date(index, error) == -1)
		return NULL;
	if (pieces->current == NULL)
		pieces->current = snapshot_new(pieces);
	if (pieces->current == NULL)
		error_set_memory(error);
	else
		pieces->current->references++;
	return pieces->current;
}

/* Leaves what a snapshot has kept to the next older one that may have it, or to nobody. */
static void release_retired(struct view_snapshot *snapshot, struct view_snapshot *older)
{
	struct group *group, *next_group;
	struct family_head *head, *next_head;
	STAILQ_FOREACH_SAFE(group, &snapshot->groups, retired, next_group)
	{
		if (may_have(older, group->since)) {
			STAILQ_INSERT_TAIL(&older->groups, group, retired);
			continue;
		}
		snapshot->pieces->retired_len -= group->text_size;
		group_free(group);
	}
	STAILQ_FOREACH_SAFE(head, &snapshot->heads, retired, next_head)
	{
		if (may_have(older, head->since))
			STAILQ_INSERT_TAIL(&older->heads, head, retired);
		else
			free(head);
	}
}

void view_snapshot_free(struct view_snapshot *snapshot)
{
	if (--snapshot->references > 0)
		return;
	struct view_snapshot *older = TAILQ_PREV(snapshot, view_snapshot_queue, link);
	for (size_t i = 0; i < snapshot->chunk_count; i++)
		chunk_release(snapshot->chunks[i]);
	release_retired(snapshot, older);
	TAILQ_REMOVE(&snapshot->pieces->snapshots, snapshot, link);
	free(snapshot);
}

void view_pieces_admit(const struct view_pieces *pieces, struct group *group)
{
	group->since = pieces->next_number;
}

void view_pieces_retire(struct view_pieces *pieces, struct group *group)
{
	struct view_snapshot *newest = TAILQ_LAST(&pieces->snapshots, view_snapshot_queue);
	if (group == NULL || !may_have(newest, group->since)) {
		group_free(group);
		return;
	}
	STAILQ_INSERT_TAIL(&newest->groups, group, retired);
	pieces->retired_len += group->text_size;
}
