#include "consistency.h"

#include <ctype.h>

#include "own.h"
#include "text.h"

/* What is asked: a block, beside the families that somebody knows. */
struct candidate {
	const struct group *group;
	const struct block *block;
	consistency_find *find;
	void *context;
};

static bool find_holder(const struct candidate *candidate, struct slice name, struct holder *holder)
{
	const struct own_family *own = own_family(name);
	if (own != NULL)
		*holder = (struct holder){own->type, NULL};
	return own != NULL || candidate->find(candidate->context, name, holder);
}

/* " in group {job="a"}" for the end of a message. */
static const char *in_group(const struct holder *holder, const char **key)
{
	*key = holder->group == NULL ? "" : holder->group->key.text.data;
	return holder->group == NULL ? " among the gateway's own metrics" : " in group ";
}

static unsigned line_of(const struct candidate *candidate)
{
	return group_line(candidate->group, candidate->block, 0);
}

static const char *type_in_capitals(enum metric_type type, char text[16])
{
	size_t i = 0;
	for (; metric_type_names[type][i] != '\0'; i++)
		text[i] = (char)toupper((unsigned char)metric_type_names[type][i]);
	text[i] = '\0';
	return text;
}

static int check_type(const struct candidate *candidate, struct error *error)
{
	struct holder holder;
	char capitals[16];
	if (!find_holder(candidate, candidate->block->name, &holder) || holder.type == candidate->block->type)
		return 0;
	const char *key, *where = in_group(&holder, &key);
	return error_set_at(error, ERROR_INCONSISTENT, line_of(candidate), 0,
		"collected metric %s is not a %s, which it is%s%s", quote(candidate->block->name).text,
		type_in_capitals(holder.type, capitals), where, key);
}

/* A name that ends like the lines of a summary or histogram which is there. */
static int check_name(const struct candidate *candidate, struct error *error)
{
	struct slice name = candidate->block->name;
	struct holder holder;
	for (enum line_suffix i = 0; i < SUFFIXES; i++) {
		struct slice base = name;
		if (line_suffix_cut(&base, i) && find_holder(candidate, base, &holder) &&
			metric_type_writes(holder.type, i)) {
			const char *key, *where = in_group(&holder, &key);
			return error_set_at(error, ERROR_INCONSISTENT, line_of(candidate), 0,
				"collected metric named %s collides with previously collected %s named %s%s%s",
				quote(name).text, metric_type_names[holder.type], quote(base).text, where, key);
		}
	}
	return 0;
}

/* A summary or histogram whose lines are named like a family which is there. */
static int check_lines(const struct candidate *candidate, struct error *error)
{
	struct slice name = candidate->block->name;
	enum metric_type type = candidate->block->type;
	struct holder holder;
	for (enum line_suffix i = 0; i < SUFFIXES; i++) {
		if (!metric_type_writes(type, i))
			continue;
		struct buffer lines;
		buffer_init(&lines, SIZE_MAX / 2);
		if (buffer_append_slice(&lines, name) == -1 || buffer_append_slice(&lines, line_suffixes[i]) == -1) {
			buffer_release(&lines);
			return error_set_memory(error);
		}
		bool found = find_holder(candidate, buffer_slice(&lines), &holder);
		if (found) {
			const char *key, *where = in_group(&holder, &key);
			error_set_at(error, ERROR_INCONSISTENT, line_of(candidate), 0,
				"collected histogram or summary named %s collides with previously collected metric "
				"named %s%s%s",
				quote(name).text, quote(buffer_slice(&lines)).text, where, key);
		}
		buffer_release(&lines);
		if (found)
			return -1;
	}
	return 0;
}

int consistency_check_block(const struct group *group, const struct block *block, consistency_find *find, void *context,
	struct error *error)
{
	const struct candidate candidate = {group, block, find, context};
	if (check_type(&candidate, error) == -1 || check_name(&candidate, error) == -1)
		return -1;
	return check_lines(&candidate, error);
}

int consistency_check_size(size_t groups, size_t series, const struct limits *limits, struct error *error)
{
	if (groups > limits->groups)
		return error_set(error, ERROR_FULL, "the spool has %zu groups, the limit", limits->groups);
	if (series > limits->series)
		return error_set(error, ERROR_FULL, "the spool would have %zu series, over the limit of %zu", series,
			limits->series);
	return 0;
}
