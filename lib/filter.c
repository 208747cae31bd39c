#include "filter.h"

#include <stdlib.h>

void filter_init(struct filter *filter)
{
	*filter = (struct filter){0};
}

static void release(struct filter_patterns *of)
{
	for (size_t i = 0; i < of->count; i++)
		pattern_free(of->patterns[i]);
	free(of->patterns);
}

void filter_release(struct filter *filter)
{
	release(&filter->keep);
	release(&filter->drop);
	filter_init(filter);
}

static int add(struct filter_patterns *to, const char *expression, struct error *error)
{
	struct pattern **grown = reallocarray(to->patterns, to->count + 1, sizeof(*grown));
	if (grown == NULL)
		return error_set_memory(error);
	to->patterns = grown;
	to->patterns[to->count] = pattern_new(expression, error);
	if (to->patterns[to->count] == NULL)
		return -1;
	to->count++;
	return 0;
}

int filter_keep(struct filter *filter, const char *expression, struct error *error)
{
	return add(&filter->keep, expression, error);
}

int filter_drop(struct filter *filter, const char *expression, struct error *error)
{
	return add(&filter->drop, expression, error);
}

bool filter_is_empty(const struct filter *filter)
{
	return filter->keep.count == 0 && filter->drop.count == 0;
}

/* 1 where one matches, 0 where none does, -1 with the error. */
static int match_one(const struct filter_patterns *of, struct slice name, struct error *error)
{
	int result = 0;
	for (size_t i = 0; i < of->count && result == 0; i++)
		result = pattern_match(of->patterns[i], name, error);
	return result;
}

/* 1 where the family of that name stays. */
static int stays(const struct filter *filter, struct slice name, struct error *error)
{
	int kept = filter->keep.count == 0 ? 1 : match_one(&filter->keep, name, error);
	if (kept != 1)
		return kept;
	int dropped = match_one(&filter->drop, name, error);
	return dropped == -1 ? -1 : !dropped;
}

int filter_apply(const struct filter *filter, struct exposition *exposition, struct error *error)
{
	uint32_t kept = 0;
	for (uint32_t i = 0; i < exposition->family_count; i++) {
		int result = stays(filter, exposition->families[i].name, error);
		if (result == -1)
			return -1;
		if (result == 1)
			exposition->families[kept++] = exposition->families[i];
	}
	exposition->family_count = kept;
	exposition_find_timestamp(exposition);
	return 0;
}
