#include "base64.h"
#include "canonical.h"
#include "exposition_builder.h"
#include "names.h"

/* The metric whose lines end before a line, or EXPOSITION_NONE. Metrics are in the order of their first lines. */
static uint32_t metric_before(const struct exposition *exposition, uint32_t line)
{
	uint32_t low = 0, high = exposition->metric_count;
	while (low < high) {
		uint32_t middle = low + (high - low) / 2;
		if (exposition->metrics[middle].line < line)
			low = middle + 1;
		else
			high = middle;
	}
	return low == 0 ? EXPOSITION_NONE : low - 1;
}

static int attach_native(struct exposition *exposition, struct slice encoded, uint32_t line, struct error *error)
{
	struct slice message;
	uint32_t metric = metric_before(exposition, line);
	bool again = exposition->native_count > 0 && exposition->natives[exposition->native_count - 1].metric == metric;
	if (metric == EXPOSITION_NONE || again)
		return 0;
	if (base64_decode(&exposition->arena, encoded, &message, error) == -1)
		return error->kind == ERROR_MEMORY ? -1 : 0;
	return exposition_builder_native(exposition, metric, message) == -1 ? error_set_memory(error) : 0;
}

int canonical_attach_natives(struct exposition *exposition, struct slice text, struct error *error)
{
	const struct slice mark = SLICE_LITERAL("\n" CANONICAL_NATIVE);
	const char *at = text.data, *end = text.data + text.len;
	uint32_t line = 1;
	for (;;) {
		const char *found = at == end ? NULL : memmem(at, (size_t)(end - at), mark.data, mark.len);
		if (found == NULL)
			return 0;
		for (; at <= found; at++)
			line += *at == '\n';
		const char *encoded = found + mark.len;
		const char *stop = memchr(encoded, '\n', (size_t)(end - encoded));
		if (stop == NULL)
			return 0;
		if (attach_native(exposition, slice_make(encoded, (size_t)(stop - encoded)), line, error) == -1)
			return -1;
	}
}

static size_t escaped_length(struct slice name)
{
	size_t length = name.len;
	for (size_t i = 0; i < name.len; i++)
		length += name.data[i] == '\\' || name.data[i] == '"' || name.data[i] == '\n';
	return length;
}

void canonical_series_init(
	struct canonical_series *series, struct slice samples, struct slice name, enum metric_type type)
{
	bool plain = metric_name_is_legacy(name);
	*series = (struct canonical_series){
		.rest = samples,
		.before = plain ? name.len : strlen("{\"") + escaped_length(name),
		.behind = plain ? strlen("{") : strlen("\","),
		.distribution = metric_type_is_distribution(type),
		.context = hash_name(name),
	};
}

/* Whether a line tells of a series: each series has one line that does. */
static bool is_series_line(const struct canonical_series *series, struct slice line)
{
	static const struct slice count = SLICE_LITERAL("_count");
	if (line.data[0] == '#')
		return false;
	return !series->distribution ||
	       slice_has_prefix(slice_make(line.data + series->before, line.len - series->before), count);
}

bool canonical_series_next(struct canonical_series *series)
{
	while (series->rest.len > 0) {
		struct slice line = series->rest;
		line.len = (size_t)((const char *)memchr(line.data, '\n', line.len) - line.data);
		series->rest = slice_make(line.data + line.len + 1, series->rest.len - line.len - 1);
		if (!is_series_line(series, line))
			continue;
		/* A value has no brace, a label value may. */
		const char *end = memrchr(line.data, '}', line.len);
		const char *start =
			line.data + series->before + (series->distribution ? strlen("_count") : 0) + series->behind;
		series->labels = slice_make(start, (size_t)(end - start));
		return true;
	}
	return false;
}

struct fingerprint canonical_series_fingerprint(const struct canonical_series *series)
{
	return hash_series(series->context, series->labels);
}
