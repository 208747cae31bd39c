/*
 * Fuzz target: expositions as protobuf. What is accepted must come back the same when written and read again, natives
 * included, and, where it may be stored, as canonical text whose natives can be attached again.
 */
#include "canonical.h"
#include "protobuf.h"
#include "require.h"

static struct slice native_of(const struct exposition *exposition, uint32_t metric)
{
	for (uint32_t i = 0; i < exposition->native_count; i++) {
		if (exposition->natives[i].metric == metric)
			return exposition->natives[i].message;
	}
	return (struct slice){0};
}

static bool same_bits(double a, double b)
{
	return memcmp(&a, &b, sizeof(a)) == 0;
}

static void same_distribution(const struct exposition *a, const struct distribution *of_a, const struct exposition *b,
	const struct distribution *of_b)
{
	require(same_bits(of_a->sum, of_b->sum) && same_bits(of_a->count, of_b->count), "sum and count");
	uint32_t i = of_a->first_point, k = of_b->first_point;
	for (; i != EXPOSITION_NONE && k != EXPOSITION_NONE; i = a->points[i].next, k = b->points[k].next)
		require(same_bits(a->points[i].bound, b->points[k].bound) &&
				same_bits(a->points[i].value, b->points[k].value),
			"points");
	require(i == k, "number of points");
}

static void same_metric(
	const struct exposition *a, uint32_t of_a, const struct exposition *b, uint32_t of_b, enum metric_type type)
{
	const struct metric *left = &a->metrics[of_a], *right = &b->metrics[of_b];
	require(left->label_count == right->label_count, "number of labels");
	for (uint32_t i = 0; i < left->label_count; i++) {
		const struct label *label = &metric_labels(a, left)[i], *other = &metric_labels(b, right)[i];
		require(slice_equal(label->name, other->name) && slice_equal(label->value, other->value), "labels");
		require(i == 0 || slice_compare(label[-1].name, label->name) < 0, "labels in order");
	}
	require(slice_equal(native_of(a, of_a), native_of(b, of_b)), "natives");
	if (type == METRIC_SUMMARY || type == METRIC_HISTOGRAM)
		same_distribution(a, &a->distributions[left->distribution], b, &b->distributions[right->distribution]);
	else
		require(same_bits(left->value, right->value), "value");
}

static void same_exposition(const struct exposition *a, const struct exposition *b)
{
	require(a->family_count == b->family_count && a->native_count == b->native_count, "families and natives");
	for (uint32_t f = 0; f < a->family_count; f++) {
		const struct metric_family *left = &a->families[f], *right = &b->families[f];
		require(slice_equal(left->name, right->name) && slice_equal(left->help, right->help) &&
				left->type == right->type && left->metric_count == right->metric_count,
			"family");
		uint32_t i = left->first_metric, k = right->first_metric;
		for (; i != EXPOSITION_NONE; i = a->metrics[i].next, k = b->metrics[k].next)
			same_metric(a, i, b, k, left->type);
	}
}

static void write_protobuf(struct buffer *out, const struct exposition *exposition)
{
	struct error error;
	for (uint32_t f = 0; f < exposition->family_count; f++)
		require(protobuf_append_family(out, exposition, &exposition->families[f], &error) == 0, "written");
}

static void check_protobuf(const struct exposition *exposition, const struct limits *limits)
{
	struct buffer first, second;
	struct exposition again;
	struct error error = {0};
	buffer_init(&first, SIZE_MAX / 2);
	buffer_init(&second, SIZE_MAX / 2);
	exposition_init(&again);
	write_protobuf(&first, exposition);
	require(protobuf_parse(&again, buffer_slice(&first), limits, &error) == 0, error.message);
	same_exposition(exposition, &again);
	write_protobuf(&second, &again);
	require(slice_equal(buffer_slice(&first), buffer_slice(&second)), "one form");
	exposition_release(&again);
	buffer_release(&first);
	buffer_release(&second);
}

static void write_text(struct buffer *out, const struct exposition *exposition)
{
	const struct canonical_key none = {.default_instance = SIZE_MAX};
	struct error error = {0};
	for (uint32_t f = 0; f < exposition->family_count; f++) {
		const struct metric_family *family = &exposition->families[f];
		struct fingerprint *fingerprints = calloc(family->metric_count, sizeof(*fingerprints));
		require(fingerprints != NULL &&
				canonical_append_head(out, family->name, family->help, family->type) == 0 &&
				canonical_append_samples(out, exposition, family, &none, fingerprints, &error) == 0,
			"written as text");
		free(fingerprints);
	}
}

/* What the text has and the natives must be what was read. */
static void attach_natives(
	struct exposition *text, const struct exposition *exposition, const struct limits *limits, struct error *error)
{
	require(text->family_count == exposition->family_count, "families of the text");
	for (uint32_t f = 0; f < text->family_count; f++) {
		uint32_t i = exposition->families[f].first_metric, k = text->families[f].first_metric;
		for (; i != EXPOSITION_NONE; i = exposition->metrics[i].next, k = text->metrics[k].next) {
			struct slice native = native_of(exposition, i);
			require(k != EXPOSITION_NONE, "metrics of the text");
			require(native.data == NULL ||
					protobuf_attach_native(text, &text->families[f], k, native, limits, error) == 0,
				error->message);
		}
		require(k == EXPOSITION_NONE, "metrics of the text");
	}
	require(text->native_count == exposition->native_count, "natives of the text");
}

static void check_text(const struct exposition *exposition, const struct limits *limits)
{
	struct buffer first, second, written;
	struct exposition text, again;
	struct error error = {0};
	buffer_init(&first, SIZE_MAX / 2);
	buffer_init(&second, SIZE_MAX / 2);
	buffer_init(&written, SIZE_MAX / 2);
	exposition_init(&text);
	exposition_init(&again);
	write_text(&first, exposition);
	require(exposition_parse(&text, buffer_slice(&first), limits, &error) == 0, error.message);
	attach_natives(&text, exposition, limits, &error);
	write_text(&second, &text);
	require(slice_equal(buffer_slice(&first), buffer_slice(&second)), "one text");
	write_protobuf(&written, &text);
	require(protobuf_parse(&again, buffer_slice(&written), limits, &error) == 0, error.message);
	require(again.native_count == exposition->native_count, "natives again");
	exposition_release(&text);
	exposition_release(&again);
	buffer_release(&first);
	buffer_release(&second);
	buffer_release(&written);
}

/* A push with such a name may be refused for it, once it meets the family that owns the suffix. */
static bool has_suffix_of_distribution(const struct exposition *exposition)
{
	static const struct slice suffixes[] = {
		SLICE_LITERAL("_count"), SLICE_LITERAL("_sum"), SLICE_LITERAL("_bucket")};
	for (uint32_t f = 0; f < exposition->family_count; f++) {
		for (size_t i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]); i++) {
			if (slice_has_suffix(exposition->families[f].name, suffixes[i]))
				return true;
		}
	}
	return false;
}

static void check(struct slice input, bool utf8_names)
{
	struct limits limits = LIMITS_DEFAULT;
	struct exposition exposition;
	struct error error;
	limits.utf8_names = utf8_names;
	exposition_init(&exposition);
	if (protobuf_parse(&exposition, input, &limits, &error) == 0) {
		check_protobuf(&exposition, &limits);
		if (!utf8_names && exposition_check(&exposition, &error) == 0 &&
			!has_suffix_of_distribution(&exposition))
			check_text(&exposition, &limits);
	}
	exposition_release(&exposition);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice input = slice_make((const char *)data, size);
	check(input, false);
	check(input, true);
	return 0;
}
