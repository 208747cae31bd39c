#include "payload.h"

#include <errno.h>

void payload_init(struct payload *payload, size_t max)
{
	buffer_init(&payload->text, max);
	exposition_init(&payload->exposition);
}

void payload_release(struct payload *payload)
{
	exposition_release(&payload->exposition);
	buffer_release(&payload->text);
}

int payload_end_line(struct payload *payload, struct error *error)
{
	struct buffer *text = &payload->text;
	if (text->len == 0 || text->data[text->len - 1] == '\n')
		return 0;
	if (buffer_append_byte(text, '\n') == 0)
		return 1;
	return error_set_growth(error, "larger than %zu bytes", text->max);
}

int payload_parse(struct payload *payload, bool allow_empty, const struct limits *limits, struct error *error)
{
	struct exposition *exposition = &payload->exposition;
	if (exposition_parse(exposition, buffer_slice(&payload->text), limits, error) == -1)
		return -1;
	if (exposition->family_count == 0 && !allow_empty)
		return error_set(error, ERROR_INCONSISTENT,
			payload->text.len == 0 ? "the exposition is empty" : "the exposition has no samples");
	return 0;
}

size_t payload_samples(const struct payload *payload)
{
	const struct exposition *exposition = &payload->exposition;
	size_t samples = (size_t)exposition->metric_count - exposition->distribution_count + exposition->point_count;
	for (uint32_t i = 0; i < exposition->distribution_count; i++)
		samples += exposition->distributions[i].has_sum + (size_t)exposition->distributions[i].has_count;
	return samples;
}
