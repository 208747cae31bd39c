#include "group_body.h"

#include <stdint.h>

#include "canonical.h"
#include "protobuf.h"

static int append_text(const struct group *group, struct buffer *body, struct error *error)
{
	for (size_t i = 0; i < group->block_count; i++) {
		const struct block *block = &group->blocks[i];
		if (slice_is(block->name, PUSH_TIME_NAME) || slice_is(block->name, PUSH_FAILURE_TIME_NAME))
			continue;
		if (canonical_append_head(body, block->name, block->help, block->type) == -1 ||
			buffer_append_slice(body, block->samples) == -1)
			return error_set_growth(error, "the group is larger than %zu bytes", body->max);
	}
	return 0;
}

static int append_protobuf(struct slice text, struct buffer *body, struct error *error)
{
	const struct limits limits = LIMITS_DEFAULT;
	struct limits file_limits = group_file_limits(&limits);
	struct exposition exposition;
	exposition_init(&exposition);
	int result = exposition_parse(&exposition, text, &file_limits, error);
	if (result == 0)
		result = protobuf_attach_natives(&exposition, text, &file_limits, error);
	for (uint32_t i = 0; i < exposition.family_count && result == 0; i++)
		result = protobuf_append_family(body, &exposition, &exposition.families[i], error);
	exposition_release(&exposition);
	return result;
}

int group_body_append(const struct group *group, struct buffer *body, struct error *error)
{
	struct buffer text;
	if (!group->natives)
		return append_text(group, body, error);
	buffer_init(&text, body->max);
	int result = append_text(group, &text, error);
	if (result == 0)
		result = append_protobuf(buffer_slice(&text), body, error);
	buffer_release(&text);
	return result;
}
