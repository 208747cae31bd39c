/*
 * Fuzz target: the text parser and the canonical form. What is accepted and written must be accepted again, and then
 * written with the same bytes.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "buffer.h"
#include "canonical.h"
#include "exposition.h"
#include "input_limits.h"
#include "labels.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void fail(const char *what, struct slice first, struct slice second)
{
	fprintf(stderr, "%s\n--- first\n%.*s\n--- second\n%.*s\n", what, SLICE_PRINTF(first), SLICE_PRINTF(second));
	abort();
}

static void make_key(struct canonical_key *canonical, struct grouping_key *key, const struct limits *limits)
{
	struct error error;

	grouping_key_init(key);
	if (grouping_key_set(key, slice_of("job"), slice_of("a\"b\\c\nd"), &error) == -1 ||
		grouping_key_set(key, slice_of("vs_info"), slice_of("dev_phone_vs"), &error) == -1 ||
		grouping_key_finish(key, limits, &error) == -1 || canonical_key_init(canonical, key, &error) == -1)
		fail(error.message, slice_of(""), slice_of(""));
}

/* Two series that are one under the grouping key: a push of them is refused. */
static bool series_twice(const struct fingerprint *fingerprints, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++)
		for (uint32_t j = 0; j < i; j++)
			if (fingerprints[i].low == fingerprints[j].low && fingerprints[i].high == fingerprints[j].high)
				return true;
	return false;
}

/* 0 and the family's text; -1 where a push of it would be refused. */
static int write_family(struct buffer *out, const struct exposition *exposition, const struct metric_family *family,
	const struct canonical_key *key)
{
	struct fingerprint *fingerprints = calloc(family->metric_count, sizeof(*fingerprints));
	struct error error;
	int result = -1;

	if (fingerprints == NULL || canonical_append_head(out, family->name, family->help, family->type) == -1)
		goto out;
	if (canonical_append_samples(out, exposition, family, key, fingerprints, &error) == -1)
		goto out;
	if (!series_twice(fingerprints, family->metric_count))
		result = 0;
out:
	free(fingerprints);
	return result;
}

/* Each family by itself: beside the histogram h, a family h_count is refused by the view, later. */
static void check_family(const struct exposition *exposition, const struct metric_family *family,
	const struct canonical_key *key, const struct limits *limits)
{
	struct buffer first, second;
	struct exposition again;
	struct error error;

	buffer_init(&first, 16 << 20);
	buffer_init(&second, 16 << 20);
	exposition_init(&again);
	if (write_family(&first, exposition, family, key) == -1)
		goto out;
	if (exposition_parse(&again, buffer_slice(&first), limits, &error) == -1 ||
		exposition_check(&again, &error) == -1)
		fail(error.message, buffer_slice(&first), slice_of(""));
	if (again.family_count != 1 || again.families[0].metric_count != family->metric_count)
		fail("other families or metrics", buffer_slice(&first), slice_of(""));
	if (write_family(&second, &again, &again.families[0], key) == -1 ||
		!slice_equal(buffer_slice(&first), buffer_slice(&second)))
		fail("written in another way", buffer_slice(&first), buffer_slice(&second));
out:
	exposition_release(&again);
	buffer_release(&first);
	buffer_release(&second);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct limits limits = LIMITS_DEFAULT;
	struct limits wider = limits; /* what is written has the grouping labels besides */
	struct exposition exposition;
	struct canonical_key canonical;
	struct grouping_key key;
	struct error error;

	if (size > 8192)
		return 0;
	wider.labels += 3;
	exposition_init(&exposition);
	make_key(&canonical, &key, &limits);
	if (exposition_parse(&exposition, slice_make((const char *)data, size), &limits, &error) == 0 &&
		exposition_check(&exposition, &error) == 0)
		for (uint32_t i = 0; i < exposition.family_count; i++)
			check_family(&exposition, &exposition.families[i], &canonical, &wider);
	exposition_release(&exposition);
	canonical_key_release(&canonical);
	grouping_key_release(&key);
	return 0;
}
