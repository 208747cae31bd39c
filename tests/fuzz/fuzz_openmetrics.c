/*
 * Fuzz target: the OpenMetrics reader, the samples of a command line and the exposition written anew. What is accepted
 * and written must be accepted as format 0.0.4, and then written with the same bytes.
 *
 * The input is a text up to its first NUL, then arguments of -g and -c in turn, each up to the next NUL.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "openmetrics.h"
#include "payload.h"

#define SAMPLES_MAX 8

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void fail(const char *what, struct slice first, struct slice second)
{
	fprintf(stderr, "%s\n--- first\n%.*s\n--- second\n%.*s\n", what, SLICE_PRINTF(first), SLICE_PRINTF(second));
	abort();
}

/* Copies the NUL-terminated arguments; frees nothing on failure, as the program then ends. */
static size_t take_samples(struct sample_argument *samples, struct slice rest, char **copy)
{
	size_t count = 0;
	*copy = calloc(1, rest.len + 1);
	if (*copy == NULL)
		abort();
	if (rest.len > 0)
		memcpy(*copy, rest.data, rest.len);
	for (size_t at = 0; at < rest.len && count < SAMPLES_MAX; at += strlen(*copy + at) + 1) {
		samples[count].type = count % 2 == 0 ? METRIC_GAUGE : METRIC_COUNTER;
		samples[count].help = count % 2 == 0 ? *copy + at : NULL;
		samples[count++].text = *copy + at;
	}
	return count;
}

static const struct metric_family *find_family(const struct exposition *exposition, struct slice name)
{
	for (uint32_t i = 0; i < exposition->family_count; i++)
		if (slice_equal(exposition->families[i].name, name))
			return &exposition->families[i];
	return NULL;
}

/* A family h_count beside the histogram h: a push of them is refused. */
static bool names_clash(const struct exposition *exposition)
{
	for (uint32_t i = 0; i < exposition->family_count; i++) {
		for (enum line_suffix suffix = 0; suffix < SUFFIXES; suffix++) {
			struct slice name = exposition->families[i].name;
			const struct metric_family *owner =
				line_suffix_cut(&name, suffix) ? find_family(exposition, name) : NULL;
			if (owner != NULL && metric_type_writes(owner->type, suffix))
				return true;
		}
	}
	return false;
}

static void check_written(struct payload *payload, const struct limits *limits)
{
	struct payload again;
	struct slice first = {0}, second = {0};
	struct error error;
	if (payload_text(payload, &first, &error) == -1)
		fail(error.message, buffer_slice(&payload->text), slice_of(""));
	payload_init(&again, limits->body);
	if (buffer_append_slice(&again.text, first) == -1)
		abort();
	if (openmetrics_is(first))
		fail("written as OpenMetrics", buffer_slice(&payload->text), first);
	if (payload_parse(&again, true, limits, &error) == -1)
		fail(error.message, buffer_slice(&payload->text), first);
	if (again.exposition.family_count != payload->exposition.family_count)
		fail("other families", buffer_slice(&payload->text), first);
	again.changed = true;
	if (payload_text(&again, &second, &error) == -1 || !slice_equal(first, second))
		fail("written in another way", first, second);
	payload_release(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct limits limits = LIMITS_DEFAULT;
	struct sample_argument samples[SAMPLES_MAX];
	struct payload payload;
	struct error error;
	char *arguments;
	if (size > 8192)
		return 0;
	const uint8_t *end = size == 0 ? NULL : memchr(data, '\0', size);
	size_t len = end == NULL ? size : (size_t)(end - data), rest = end == NULL ? size : len + 1;
	limits.utf8_names = size % 2 == 1;
	payload_init(&payload, limits.body);
	payload.sample_count = take_samples(samples, slice_make((const char *)data + rest, size - rest), &arguments);
	payload.samples = samples;
	payload.drop_timestamps = true;
	if (buffer_append(&payload.text, data, len) == -1)
		abort();
	if (payload_end_text(&payload, &error) != -1 && payload_parse(&payload, true, &limits, &error) == 0 &&
		payload.changed && exposition_check(&payload.exposition, &error) == 0 &&
		!names_clash(&payload.exposition))
		check_written(&payload, &limits);
	payload_release(&payload);
	free(arguments);
	return 0;
}
