#include "counters.h"

#include <math.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <strings.h>
#include <time.h>

#include "canonical.h"
#include "number.h"
#include "own.h"
#include "shared_file.h"
#include "summary.h"

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

/*
 * The places in these tables are places in the file: who changes a table raises the version. They are sorted, which is
 * the order of the lines.
 */
static const struct {
	char magic[12];
	uint32_t version; /* in the machine's byte order, as all numbers of the file */
} head = {"pgw counters", 1};

static const uint16_t codes[] = {100, 200, 202, 204, 206, 300, 301, 302, 303, 304, 307, 308, 400, 401, 403, 404, 405,
	406, 408, 409, 411, 412, 413, 414, 415, 416, 417, 421, 422, 426, 428, 429, 431, 500, 501, 502, 503, 504, 505,
	507};

static const char *const handlers[] = {"api/v1/metrics", "api/v1/options", "api/v1/status", "delete", "healthy", "push",
	"ready", "static", "status", "wipe"};

/* Those of client_golang (promhttp/instrument_server.go: sanitizeMethod). */
static const char *const methods[] = {
	"connect", "delete", "get", "head", "notify", "options", "patch", "post", "put", "trace", "unknown"};

static const char *const push_methods[] = {"post", "put"};

/* There is a slot for everything that can be counted, so that nothing has to be claimed and nothing overflows. */
struct counters {
	char head[sizeof(head)];
	struct summary_total sync;
	_Atomic uint64_t scrapes[COUNT(codes)];
	_Atomic uint64_t requests[COUNT(codes)][COUNT(handlers)][COUNT(methods)];
	struct summary push_durations[COUNT(push_methods)];
	struct summary push_sizes[COUNT(push_methods)];
};

static const struct shared_file file = {
	.name = COUNTERS_FILE,
	.head = {(const char *)&head, sizeof(head)},
	.size = sizeof(struct counters),
};

struct counters *counters_open(int directory, struct error *error)
{
	return shared_file_map(&file, directory, error);
}

void counters_close(struct counters *counters)
{
	if (counters != NULL)
		shared_file_unmap(&file, counters);
}

/* --- counting --- */

/* The place of a name, `count` where it has none. */
static size_t find(const char *const names[], size_t count, const char *name)
{
	size_t i = 0;
	while (i < count && strcasecmp(names[i], name) != 0)
		i++;
	return i;
}

static size_t find_exact_code(unsigned code)
{
	size_t i = 0;
	while (i < COUNT(codes) && codes[i] != code)
		i++;
	return i;
}

static size_t find_code(unsigned code)
{
	size_t place = find_exact_code(code);
	return place < COUNT(codes) ? place : find_exact_code(code / 100 * 100);
}

static void increment(_Atomic uint64_t *counter)
{
	atomic_fetch_add_explicit(counter, 1, memory_order_relaxed);
}

void counters_add_request(struct counters *counters, const char *handler, const char *method, unsigned code)
{
	size_t code_place = find_code(code);
	size_t handler_place = find(handlers, COUNT(handlers), handler);
	size_t method_place = find(methods, COUNT(methods) - 1, method);
	if (code_place < COUNT(codes) && handler_place < COUNT(handlers))
		increment(&counters->requests[code_place][handler_place][method_place]);
}

void counters_add_scrape(struct counters *counters, unsigned code)
{
	size_t place = find_code(code);
	if (place < COUNT(codes))
		increment(&counters->scrapes[place]);
}

void counters_add_push(struct counters *counters, const char *method, double seconds, size_t bytes)
{
	size_t place = find(push_methods, COUNT(push_methods), method);
	if (place == COUNT(push_methods))
		return;
	time_t now = time(NULL);
	summary_add(&counters->push_durations[place], seconds, SUMMARY_DURATION, now);
	summary_add(&counters->push_sizes[place], (double)bytes, SUMMARY_SIZE, now);
}

void counters_add_sync(struct counters *counters, double seconds)
{
	summary_total_add(&counters->sync, seconds);
}

/* --- telling --- */

#define LABELS_SIZE 100 /* the longest are {code="200",handler="api/v1/metrics",method="unknown"} */

/* A family that is being written: its head goes before its first line. */
struct writer {
	struct buffer *out;
	const char *name;
	bool begun;
};

static int append_line(struct writer *writer, const char *suffix, const char *labels, double value)
{
	if (!writer->begun) {
		const struct own_family *own = own_family(slice_of(writer->name));
		if (canonical_append_head(writer->out, slice_of(own->name), slice_of(own->help), own->type) == -1)
			return -1;
		writer->begun = true;
	}
	char text[NUMBER_TEXT_SIZE];
	size_t length = number_format(value, text);
	return buffer_printf(writer->out, "%s%s%s %.*s\n", writer->name, suffix, labels, (int)length, text);
}

static int append_total(struct writer *writer, const struct summary_total *total, const char *labels)
{
	if (append_line(writer, "_sum", labels, summary_total_sum(total)) == -1)
		return -1;
	return append_line(writer, "_count", labels, summary_total_count(total));
}

static int append_sync(const struct counters *counters, struct buffer *out)
{
	struct writer writer = {.out = out, .name = "pgw_sync_seconds"};
	return append_total(&writer, &counters->sync, "");
}

static int append_scrapes(const struct counters *counters, struct buffer *out)
{
	struct writer writer = {.out = out, .name = "promhttp_metric_handler_requests_total"};
	for (size_t i = 0; i < COUNT(codes); i++) {
		uint64_t count = atomic_load_explicit(&counters->scrapes[i], memory_order_relaxed);
		char labels[LABELS_SIZE];
		if (count == 0 && codes[i] != 200 && codes[i] != 500 && codes[i] != 503)
			continue;
		snprintf(labels, sizeof(labels), "{code=\"%u\"}", codes[i]);
		if (append_line(&writer, "", labels, (double)count) == -1)
			return -1;
	}
	return 0;
}

static int append_summary(
	struct writer *writer, const struct summary *summary, enum summary_unit unit, const char *method)
{
	double quantiles[SUMMARY_QUANTILES];
	char labels[LABELS_SIZE];
	if (summary_quantiles(summary, unit, time(NULL), quantiles) == -1)
		return -1;
	for (size_t i = 0; i < SUMMARY_QUANTILES; i++) {
		const char *name = summary_quantile_table[i].name;
		snprintf(labels, sizeof(labels), "{method=\"%s\",quantile=\"%s\"}", method, name);
		if (append_line(writer, "", labels, quantiles[i]) == -1)
			return -1;
	}
	snprintf(labels, sizeof(labels), "{method=\"%s\"}", method);
	return append_total(writer, &summary->total, labels);
}

static int append_summaries(
	const char *name, const struct summary summaries[], enum summary_unit unit, struct buffer *out)
{
	struct writer writer = {.out = out, .name = name};
	for (size_t i = 0; i < COUNT(push_methods); i++)
		if (summary_total_count(&summaries[i].total) > 0 &&
			append_summary(&writer, &summaries[i], unit, push_methods[i]) == -1)
			return -1;
	return 0;
}

static int append_durations(const struct counters *counters, struct buffer *out)
{
	return append_summaries(
		"pushgateway_http_push_duration_seconds", counters->push_durations, SUMMARY_DURATION, out);
}

static int append_sizes(const struct counters *counters, struct buffer *out)
{
	return append_summaries("pushgateway_http_push_size_bytes", counters->push_sizes, SUMMARY_SIZE, out);
}

/* A line of what was counted for one code and handler, by method. */
static int append_methods(
	struct writer *writer, unsigned code, const char *handler, const _Atomic uint64_t counts[COUNT(methods)])
{
	for (size_t i = 0; i < COUNT(methods); i++) {
		uint64_t count = atomic_load_explicit(&counts[i], memory_order_relaxed);
		char labels[LABELS_SIZE];
		if (count == 0)
			continue;
		snprintf(labels, sizeof(labels), "{code=\"%u\",handler=\"%s\",method=\"%s\"}", code, handler,
			methods[i]);
		if (append_line(writer, "", labels, (double)count) == -1)
			return -1;
	}
	return 0;
}

static int append_requests(const struct counters *counters, struct buffer *out)
{
	struct writer writer = {.out = out, .name = "pushgateway_http_requests_total"};
	for (size_t i = 0; i < COUNT(codes); i++)
		for (size_t k = 0; k < COUNT(handlers); k++)
			if (append_methods(&writer, codes[i], handlers[k], counters->requests[i][k]) == -1)
				return -1;
	return 0;
}

int counters_append(const struct counters *counters, struct buffer *out, struct error *error)
{
	static int (*const families[])(const struct counters *counters, struct buffer *out) = {
		append_sync, append_scrapes, append_durations, append_sizes, append_requests};
	const size_t before = out->len;
	for (size_t i = 0; i < COUNT(families); i++) {
		if (families[i](counters, out) == -1) {
			out->len = before;
			return error_set_memory(error);
		}
	}
	return 0;
}
