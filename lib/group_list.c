#include "group_list.h"

#include <stdlib.h>

void group_list_init(struct group_list *list)
{
	*list = (struct group_list){0};
	arena_init(&list->arena);
}

void group_list_release(struct group_list *list)
{
	free(list->rows);
	arena_release(&list->arena);
	group_list_init(list);
}

static int reserve(struct group_list *list)
{
	if (list->count < list->capacity)
		return 0;
	size_t capacity = list->capacity == 0 ? 64 : list->capacity * 2;
	struct group_row *rows = reallocarray(list->rows, capacity, sizeof(*rows));
	if (rows == NULL)
		return -1;
	list->rows = rows;
	list->capacity = capacity;
	return 0;
}

int group_list_add(struct group_list *list, const struct group_row *row, struct error *error)
{
	void *memory = arena_alloc(&list->arena, grouping_key_size(&row->key));
	struct slice reason = {0};
	if (memory == NULL || reserve(list) == -1)
		return error_set_memory(error);
	if (row->reason != NULL && (reason = arena_copy(&list->arena, slice_of(row->reason))).data == NULL)
		return error_set_memory(error);
	struct group_row *copy = &list->rows[list->count++];
	*copy = *row;
	grouping_key_copy(&copy->key, memory, &row->key);
	copy->reason = reason.data;
	return 0;
}

static struct group_row row_of(const struct group *group)
{
	return (struct group_row){
		.key = group->key,
		.push_time = group->push_time,
		.push_failure_time = group->push_failure_time,
		.ttl = group->ttl,
		.families = group->block_count,
		.series = group->series_count,
		.bytes = group->text_size,
		.method = group->method == PUSH_NONE ? "" : push_method_names[group->method],
	};
}

/* A file that can't be read has its name for a key; one that clashes is a group but for that. */
static int add_left_out(
	struct group_list *list, const struct view *view, const char *file, const char *reason, struct error *error)
{
	struct limits limits = LIMITS_DEFAULT;
	struct error unused;
	struct grouping_key key;
	const struct group *group = view_stored_group(view, slice_of(file));
	limits.utf8_names = true;
	grouping_key_init(&key);
	struct group_row row = {.families = GROUP_LIST_UNKNOWN,
		.series = GROUP_LIST_UNKNOWN,
		.bytes = GROUP_LIST_UNKNOWN,
		.method = NULL};
	if (group != NULL)
		row = row_of(group);
	else if (grouping_key_from_file(&key, slice_of(file), &limits, &unused) == 0)
		row.key = key;
	else
		row.key = (struct grouping_key){.file = slice_of(file), .text = slice_of("")};
	row.reason = reason;
	int result = group_list_add(list, &row, error);
	grouping_key_release(&key);
	return result;
}

int group_list_add_view(struct group_list *list, const struct view *view, struct error *error)
{
	const struct group *group = NULL;
	const void *cursor = NULL;
	const char *file, *reason;
	while ((group = view_next(view, group)) != NULL) {
		struct group_row row = row_of(group);
		if (group_list_add(list, &row, error) == -1)
			return -1;
	}
	while (view_next_rejected(view, &cursor, &file, &reason)) {
		if (add_left_out(list, view, file, reason, error) == -1)
			return -1;
	}
	return 0;
}

int group_list_add_expired(struct group_list *list, const struct view *view, struct error *error)
{
	size_t cursor = 0;
	const struct group *group;
	while ((group = view_next_expired(view, &cursor)) != NULL) {
		struct group_row row = row_of(group);
		row.expired = true;
		if (group_list_add(list, &row, error) == -1)
			return -1;
	}
	return 0;
}

int64_t group_row_last_push(const struct group_row *row)
{
	return row->push_time != 0 ? row->push_time : row->push_failure_time;
}
