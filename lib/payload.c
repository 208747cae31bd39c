#include "payload.h"

#include <stdlib.h>

#include "canonical.h"
#include "openmetrics.h"

void payload_init(struct payload *payload, size_t max)
{
	*payload = (struct payload){0};
	buffer_init(&payload->text, max);
	buffer_init(&payload->written, max);
	exposition_init(&payload->exposition);
}

void payload_release(struct payload *payload)
{
	exposition_release(&payload->exposition);
	buffer_release(&payload->text);
	buffer_release(&payload->written);
	free(payload->ends);
	payload->ends = NULL;
	payload->text_count = 0;
}

/* Where the last text ended. */
static size_t last_end(const struct payload *payload)
{
	return payload->text_count == 0 ? 0 : payload->ends[payload->text_count - 1];
}

static int note_end(struct payload *payload, struct error *error)
{
	size_t *grown = reallocarray(payload->ends, payload->text_count + 1, sizeof(*grown));
	if (grown == NULL)
		return error_set_memory(error);
	payload->ends = grown;
	payload->ends[payload->text_count++] = payload->text.len;
	return 0;
}

int payload_end_text(struct payload *payload, struct error *error)
{
	struct buffer *text = &payload->text;
	bool mended = false;
	if (text->len == last_end(payload))
		return 0;
	if (text->data[text->len - 1] != '\n') {
		mended = buffer_append_byte(text, '\n') == 0;
		if (!mended)
			return error_set_growth(error, "larger than %zu bytes", text->max);
	}
	return note_end(payload, error) == -1 ? -1 : mended;
}

static int parse_texts(struct payload *payload, struct parser *parser, struct error *error)
{
	size_t start = 0;
	if (payload->text.len > last_end(payload) && note_end(payload, error) == -1)
		return -1;
	for (size_t i = 0; i < payload->text_count; i++) {
		struct slice text = slice_make(payload->text.data + start, payload->ends[i] - start);
		bool openmetrics = openmetrics_is(text);
		if ((openmetrics ? openmetrics_parse(parser, text, &payload->left_out) : parser_text(parser, text)) ==
			-1)
			return -1;
		payload->changed |= openmetrics;
		start = payload->ends[i];
	}
	return 0;
}

static int parse_all(struct payload *payload, const struct limits *limits, struct error *error)
{
	struct parser parser;
	int status = -1;
	if (parser_init(&parser, &payload->exposition, limits, error) == -1 ||
		parse_texts(payload, &parser, error) == -1)
		goto out;
	for (size_t i = 0; i < payload->sample_count; i++) {
		if (sample_argument_parse(&parser, &payload->samples[i]) == -1)
			goto out;
		payload->changed = true;
	}
	parser_finish(&parser);
	status = 0;
out:
	parser_release(&parser);
	return status;
}

static void drop_timestamps(struct exposition *exposition)
{
	for (uint32_t i = 0; i < exposition->family_count; i++)
		exposition->families[i].timestamp_line = 0;
	exposition_find_timestamp(exposition);
}

/* Makes the exposition what was asked for. */
static int change(struct payload *payload, struct error *error)
{
	struct exposition *exposition = &payload->exposition;
	uint32_t families = exposition->family_count;
	if (payload->filter != NULL && filter_apply(payload->filter, exposition, error) == -1)
		return -1;
	payload->changed |= exposition->family_count != families;
	if (payload->drop_timestamps && exposition->timestamp_line != 0) {
		drop_timestamps(exposition);
		payload->changed = true;
	}
	return 0;
}

static const char *why_empty(const struct payload *payload, uint32_t families)
{
	if (families > 0)
		return "the filter leaves no samples of the exposition";
	return payload->text.len == 0 ? "the exposition is empty" : "the exposition has no samples";
}

int payload_finish(struct payload *payload, bool allow_empty, struct error *error)
{
	uint32_t families = payload->exposition.family_count;
	if (change(payload, error) == -1)
		return -1;
	if (payload->exposition.family_count == 0 && !allow_empty)
		return error_set(error, ERROR_INCONSISTENT, "%s", why_empty(payload, families));
	return 0;
}

int payload_parse(struct payload *payload, bool allow_empty, const struct limits *limits, struct error *error)
{
	return parse_all(payload, limits, error) == -1 ? -1 : payload_finish(payload, allow_empty, error);
}

int payload_text(struct payload *payload, struct slice *text, struct error *error)
{
	static const struct canonical_key no_key = {.default_instance = SIZE_MAX};
	const struct exposition *exposition = &payload->exposition;
	struct buffer *out = &payload->written;
	if (!payload->changed) {
		*text = buffer_slice(&payload->text);
		return 0;
	}
	buffer_clear(out);
	for (uint32_t i = 0; i < exposition->family_count; i++) {
		const struct metric_family *family = &exposition->families[i];
		if (canonical_append_head(out, family->name, family->help, family->type) == -1)
			return error_set_growth(error, "the text to send is over the limit of %zu bytes", out->max);
		if (canonical_append_samples(out, exposition, family, &no_key, NULL, error) == -1)
			return -1;
	}
	*text = buffer_slice(out);
	return 0;
}

size_t payload_samples(const struct payload *payload)
{
	const struct exposition *exposition = &payload->exposition;
	size_t samples = 0;
	for (uint32_t i = 0; i < exposition->family_count; i++) {
		const struct metric_family *family = &exposition->families[i];
		if (!metric_type_is_distribution(family->type)) {
			samples += family->metric_count;
			continue;
		}
		for (uint32_t m = family->first_metric; m != EXPOSITION_NONE; m = exposition->metrics[m].next) {
			const struct distribution *distribution =
				&exposition->distributions[exposition->metrics[m].distribution];
			samples += distribution->has_sum + (size_t)distribution->has_count;
			for (uint32_t p = distribution->first_point; p != EXPOSITION_NONE;
				p = exposition->points[p].next)
				samples++;
		}
	}
	return samples;
}
