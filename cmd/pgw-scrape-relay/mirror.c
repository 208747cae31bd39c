#include "mirror.h"

#include <stdlib.h>

static int compare_groups(struct mirror_group *a, struct mirror_group *b)
{
	return slice_compare(a->file, b->file);
}

RB_GENERATE(mirror_groups, mirror_group, link, compare_groups)

void mirror_init(struct mirror *mirror, size_t gateway_count)
{
	*mirror = (struct mirror){.gateway_count = gateway_count};
	RB_INIT(&mirror->groups);
}

static void remove_group(struct mirror *mirror, struct mirror_group *group)
{
	RB_REMOVE(mirror_groups, &mirror->groups, group);
	free((char *)group->file.data);
	free(group->key_memory);
	free(group->reason);
	free(group);
}

void mirror_release(struct mirror *mirror)
{
	struct mirror_group *group, *next;
	RB_FOREACH_SAFE(group, mirror_groups, &mirror->groups, next)
	remove_group(mirror, group);
}

struct mirror_group *mirror_next(const struct mirror *mirror, const struct mirror_group *group)
{
	return group == NULL ? RB_MIN(mirror_groups, (struct mirror_groups *)&mirror->groups)
			     : RB_NEXT(mirror_groups, , (struct mirror_group *)group);
}

/* The group of a file, made where there is none. NULL when out of memory. */
static struct mirror_group *get_group(struct mirror *mirror, struct slice file)
{
	struct mirror_group wanted = {.file = file};
	struct mirror_group *group = RB_FIND(mirror_groups, &mirror->groups, &wanted);
	if (group != NULL)
		return group;
	group = calloc(1, sizeof(*group) + mirror->gateway_count * sizeof(group->copies[0]));
	char *name = strndup(file.data, file.len);
	if (group == NULL || name == NULL) {
		free(group);
		free(name);
		return NULL;
	}
	group->file = slice_make(name, file.len);
	RB_INSERT(mirror_groups, &mirror->groups, group);
	return group;
}

/* NULL for none. 0 or -1. */
static int set_reason(struct mirror_group *group, const char *reason)
{
	group->reason_is_new = reason != NULL && (group->reason == NULL || strcmp(group->reason, reason) != 0);
	if (reason != NULL && !group->reason_is_new)
		return 0;
	free(group->reason);
	group->reason = NULL;
	return reason == NULL || (group->reason = strdup(reason)) != NULL ? 0 : -1;
}

/* Of all that a gateway gets, and of what stands between. */
static struct fingerprint fingerprint_text(const struct group *group)
{
	struct fingerprint all = {0, group->block_count};
	for (size_t i = 0; i < group->block_count; i++) {
		const struct block *block = &group->blocks[i];
		if (slice_is(block->name, PUSH_TIME_NAME) || slice_is(block->name, PUSH_FAILURE_TIME_NAME))
			continue;
		const struct slice parts[] = {block->name, block->help, block->samples};
		for (size_t k = 0; k < sizeof(parts) / sizeof(parts[0]); k++) {
			struct fingerprint part = hash_fingerprint(all.low ^ (uint64_t)block->type, parts[k]);
			all = (struct fingerprint){part.low + (uint64_t)parts[k].len, all.high * 31 + part.high};
		}
	}
	return all;
}

static int set_key(struct mirror_group *mirrored, const struct group *group)
{
	if (mirrored->key_memory != NULL)
		return 0;
	mirrored->key_memory = malloc(grouping_key_size(&group->key));
	if (mirrored->key_memory == NULL)
		return -1;
	grouping_key_copy(&mirrored->key, mirrored->key_memory, &group->key);
	return 0;
}

static int see_group(struct mirror *mirror, const struct group *group)
{
	struct mirror_group *mirrored = get_group(mirror, group->key.file);
	const char *reason = group->push_time == 0 ? "no push to it was successful" : NULL;
	if (mirrored == NULL || set_key(mirrored, group) == -1 || set_reason(mirrored, reason) == -1)
		return -1;
	mirrored->round = mirror->round;
	mirrored->group = reason == NULL ? group : NULL;
	struct fingerprint text = fingerprint_text(group);
	bool changed = group->push_time != mirrored->push_time || group->ttl != mirrored->ttl ||
		       !fingerprint_equal(text, mirrored->text);
	mirrored->push_time = group->push_time;
	mirrored->ttl = group->ttl;
	mirrored->text = text;
	for (size_t i = 0; i < mirror->gateway_count && changed; i++)
		mirrored->copies[i].current = mirrored->copies[i].told = false;
	return 0;
}

static int see_left_out(struct mirror *mirror, const char *file, const char *reason)
{
	struct mirror_group *mirrored = get_group(mirror, slice_of(file));
	if (mirrored == NULL || set_reason(mirrored, reason != NULL ? reason : "it is no group") == -1)
		return -1;
	mirrored->round = mirror->round;
	mirrored->group = NULL;
	return 0;
}

static int see_all(struct mirror *mirror, const struct view *view)
{
	const struct group *group = NULL;
	const void *cursor = NULL;
	const char *file, *reason;
	while ((group = view_next(view, group)) != NULL) {
		if (see_group(mirror, group) == -1)
			return -1;
	}
	while (view_next_rejected(view, &cursor, &file, &reason)) {
		if (see_left_out(mirror, file, reason) == -1)
			return -1;
	}
	return 0;
}

int mirror_update(struct mirror *mirror, const struct view *view, struct error *error)
{
	struct mirror_group *group;
	mirror->round++;
	if (see_all(mirror, view) == -1)
		return error_set_memory(error);
	RB_FOREACH(group, mirror_groups, &mirror->groups)
	{
		bool is_gone = group->round != mirror->round;
		if (is_gone) {
			group->group = NULL;
			set_reason(group, NULL);
		}
		for (size_t i = 0; i < mirror->gateway_count; i++) {
			group->copies[i].failed = false;
			group->copies[i].current &= !is_gone;
		}
	}
	return 0;
}

void mirror_doubt(struct mirror *mirror, size_t gateway)
{
	struct mirror_group *group;
	RB_FOREACH(group, mirror_groups, &mirror->groups)
	group->copies[gateway].current = group->copies[gateway].accepted = false;
}

void mirror_sweep(struct mirror *mirror)
{
	struct mirror_group *group, *next;
	RB_FOREACH_SAFE(group, mirror_groups, &mirror->groups, next)
	{
		bool is_present = false;
		for (size_t i = 0; i < mirror->gateway_count; i++)
			is_present |= group->copies[i].present;
		if (mirror_is_gone(group) && !is_present)
			remove_group(mirror, group);
	}
}
