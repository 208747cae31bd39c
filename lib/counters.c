#include "counters.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>
#include <time.h>
#include <unistd.h>

#include "canonical.h"
#include "file.h"
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
} head = {"pgw counters", 2};

static const uint16_t codes[] = {100, 200, 202, 204, 206, 300, 301, 302, 303, 304, 307, 308, 400, 401, 403, 404, 405,
	406, 408, 409, 411, 412, 413, 414, 415, 416, 417, 421, 422, 426, 428, 429, 431, 500, 501, 502, 503, 504, 505,
	507};

static const char *const handlers[] = {"api/v1/metrics", "api/v1/options", "api/v1/status", "delete", "healthy", "push",
	"ready", "static", "status", "wipe"};

/* Those of client_golang (promhttp/instrument_server.go: sanitizeMethod). */
static const char *const methods[] = {
	"connect", "delete", "get", "head", "notify", "options", "patch", "post", "put", "trace", "unknown"};

static const char *const push_methods[] = {"post", "put"};

enum push_summary {
	PUSH_DURATION,
	PUSH_SIZE,
	PUSH_SUMMARIES,
};

static const struct {
	const char *name;
	enum summary_unit unit;
} push_summaries[PUSH_SUMMARIES] = {
	[PUSH_DURATION] = {"pushgateway_http_push_duration_seconds", SUMMARY_DURATION},
	[PUSH_SIZE] = {"pushgateway_http_push_size_bytes", SUMMARY_SIZE},
};

/* There is a slot for everything that can be counted, so that nothing overflows. */
struct totals {
	char head[sizeof(head)];
	uint64_t dropped;
	struct summary_total sync;
	uint64_t scrapes[COUNT(codes)];
	uint64_t requests[COUNT(codes)][COUNT(handlers)][COUNT(methods)];
	struct summary_total pushes[PUSH_SUMMARIES][COUNT(push_methods)];
};

struct rings {
	struct summary_recent pushes[PUSH_SUMMARIES][COUNT(push_methods)];
};

/* The file. */
struct tally {
	struct totals totals;
	struct rings rings;
};

static const struct shared_file file = {
	.name = COUNTERS_FILE,
	.head = {(const char *)&head, sizeof(head)},
	.size = sizeof(struct tally),
};

struct counters {
	int directory;
	bool any;	      /* is pending */
	struct tally pending; /* not in the file yet */
	struct tally stored;  /* what the file had; its rings when counters_append() last read them, */

	/* and how many observations there had been then. */
	uint64_t observed[PUSH_SUMMARIES][COUNT(push_methods)];
};

/* --- the file --- */

/* How long to wait for others, in ms. Each keeps the lock for some microseconds; who keeps it longer must not hold up
 * the gateway, which can flush later. */
#define WAIT_OPEN   1000
#define WAIT_APPEND 100
#define WAIT_FLUSH  10

static void merge_counts(uint64_t *counts, const uint64_t *others, size_t count)
{
	for (size_t i = 0; i < count; i++)
		counts[i] += others[i];
}

static void merge_totals(struct totals *totals, const struct totals *others)
{
	totals->dropped += others->dropped;
	summary_total_merge(&totals->sync, &others->sync);
	merge_counts(totals->scrapes, others->scrapes, COUNT(codes));
	merge_counts(&totals->requests[0][0][0], &others->requests[0][0][0],
		sizeof(totals->requests) / sizeof(totals->requests[0][0][0]));
	for (size_t i = 0; i < PUSH_SUMMARIES; i++)
		for (size_t k = 0; k < COUNT(push_methods); k++)
			summary_total_merge(&totals->pushes[i][k], &others->pushes[i][k]);
}

static int read_at(int fd, void *to, size_t size, size_t offset)
{
	ssize_t got = pread(fd, to, size, (off_t)offset);
	if (got == (ssize_t)size)
		return 0;
	/* Somebody has just cut it. */
	if (got != -1)
		errno = EIO;
	return -1;
}

static int write_at(int fd, const void *from, size_t size, size_t offset)
{
	ssize_t put = pwrite(fd, from, size, (off_t)offset);
	if (put == (ssize_t)size)
		return 0;
	if (put != -1)
		errno = ENOSPC;
	return -1;
}

/* Writes pending observations into a ring of the file. Those of a pending ring that went round are taken in the order
 * of their places: the quantiles are the same. */
static int write_recent(int fd, size_t offset, const struct summary_recent *recent, uint64_t pending, uint64_t stored)
{
	size_t count = pending < SUMMARY_RECENT ? (size_t)pending : SUMMARY_RECENT;
	size_t at = (size_t)(stored % SUMMARY_RECENT);
	size_t first = count < SUMMARY_RECENT - at ? count : SUMMARY_RECENT - at;
	const size_t size = sizeof(recent->entries[0]);
	if (first > 0 && write_at(fd, recent->entries, first * size, offset + at * size) == -1)
		return -1;
	return count == first ? 0 : write_at(fd, recent->entries + first, (count - first) * size, offset);
}

static int write_rings(const struct counters *counters, int fd)
{
	for (size_t i = 0; i < PUSH_SUMMARIES; i++) {
		for (size_t k = 0; k < COUNT(push_methods); k++) {
			const struct summary_recent *ring = &counters->pending.rings.pushes[i][k];
			size_t offset = (size_t)((const char *)ring - (const char *)&counters->pending);
			if (write_recent(fd, offset, ring, counters->pending.totals.pushes[i][k].count,
				    counters->stored.totals.pushes[i][k].count) == -1)
				return -1;
		}
	}
	return 0;
}

/* The totals come last: until they are written nothing counts as written, and another attempt writes it again. */
static int write_pending(struct counters *counters, int fd)
{
	struct totals *sum = malloc(sizeof(*sum));
	if (sum == NULL)
		return -1;
	*sum = counters->stored.totals;
	merge_totals(sum, &counters->pending.totals);
	int status = write_rings(counters, fd);
	if (status == 0)
		status = write_at(fd, sum, sizeof(*sum), 0);
	if (status == 0) {
		counters->stored.totals = *sum;
		memset(&counters->pending.totals, 0, sizeof(counters->pending.totals));
		counters->any = false;
	}
	free(sum);
	return status;
}

/* Reads what came into a ring since it was last read: all of it where that went round, or is not what followed. */
static int read_recent(int fd, struct counters *counters, struct summary_recent *ring, uint64_t count, uint64_t before)
{
	size_t from = (size_t)(before % SUMMARY_RECENT), to = (size_t)(count % SUMMARY_RECENT);
	if (count == before)
		return 0;
	if (count < before || count - before >= SUMMARY_RECENT || from > to) {
		from = 0;
		to = SUMMARY_RECENT;
	}
	size_t offset = (size_t)((const char *)&ring->entries[from] - (const char *)&counters->stored);
	return read_at(fd, &ring->entries[from], (to - from) * sizeof(ring->entries[0]), offset);
}

static int read_rings(struct counters *counters, int fd)
{
	for (size_t i = 0; i < PUSH_SUMMARIES; i++) {
		for (size_t k = 0; k < COUNT(push_methods); k++) {
			uint64_t count = counters->stored.totals.pushes[i][k].count,
				 *observed = &counters->observed[i][k];
			if (read_recent(fd, counters, &counters->stored.rings.pushes[i][k], count, *observed) == -1)
				return -1;
			*observed = count;
		}
	}
	return 0;
}

/* Reads the file and adds what is pending. The rings are read for who wants them. */
static int exchange(struct counters *counters, bool rings, unsigned wait, struct error *error)
{
	int fd = shared_file_lock(&file, counters->directory, wait, error);
	if (fd == -1)
		return -1;
	int status = read_at(fd, &counters->stored.totals, sizeof(struct totals), 0);
	if (status == 0 && counters->any)
		status = write_pending(counters, fd);
	if (status == 0 && rings)
		status = read_rings(counters, fd);
	if (status == -1)
		error_set_errno(error, ERROR_IO, "can't read or write %s", file.name);
	file_close(fd);
	return status;
}

struct counters *counters_open(int directory, struct error *error)
{
	struct counters *counters = calloc(1, sizeof(*counters));
	if (counters == NULL) {
		error_set_memory(error);
		return NULL;
	}
	counters->directory = fcntl(directory, F_DUPFD_CLOEXEC, 0);
	if (counters->directory == -1)
		error_set_errno(error, ERROR_CREATE, "can't open %s", file.name);
	else if (exchange(counters, false, WAIT_OPEN, error) == 0)
		return counters;
	file_close(counters->directory);
	free(counters);
	return NULL;
}

void counters_close(struct counters *counters)
{
	struct error unused;
	if (counters == NULL)
		return;
	if (counters->any)
		exchange(counters, false, WAIT_OPEN, &unused);
	close(counters->directory);
	free(counters);
}

bool counters_pending(const struct counters *counters)
{
	return counters->any;
}

int counters_flush(struct counters *counters, struct error *error)
{
	return counters->any ? exchange(counters, false, WAIT_FLUSH, error) : 0;
}

void counters_reset(struct counters *counters)
{
	unlinkat(counters->directory, file.name, 0);
	memset(&counters->pending.totals, 0, sizeof(counters->pending.totals));
	memset(&counters->stored, 0, sizeof(counters->stored));
	memset(counters->observed, 0, sizeof(counters->observed));
	counters->any = false;
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

void counters_add_request(struct counters *counters, const char *handler, const char *method, unsigned code)
{
	size_t code_place = find_code(code);
	size_t handler_place = find(handlers, COUNT(handlers), handler);
	size_t method_place = find(methods, COUNT(methods) - 1, method);
	if (code_place == COUNT(codes) || handler_place == COUNT(handlers))
		return;
	counters->pending.totals.requests[code_place][handler_place][method_place]++;
	counters->any = true;
}

void counters_add_scrape(struct counters *counters, unsigned code)
{
	size_t place = find_code(code);
	if (place == COUNT(codes))
		return;
	counters->pending.totals.scrapes[place]++;
	counters->any = true;
}

static void add_to_summary(
	struct counters *counters, enum push_summary summary, size_t method, double value, time_t now)
{
	struct tally *pending = &counters->pending;
	summary_add(&pending->totals.pushes[summary][method], &pending->rings.pushes[summary][method], value,
		push_summaries[summary].unit, now);
}

void counters_add_push(struct counters *counters, const char *method, double seconds, size_t bytes)
{
	size_t place = find(push_methods, COUNT(push_methods), method);
	if (place == COUNT(push_methods))
		return;
	time_t now = time(NULL);
	add_to_summary(counters, PUSH_DURATION, place, seconds, now);
	add_to_summary(counters, PUSH_SIZE, place, (double)bytes, now);
	counters->any = true;
}

void counters_add_sync(struct counters *counters, double seconds)
{
	summary_total_add(&counters->pending.totals.sync, seconds);
	counters->any = true;
}

void counters_add_dropped(struct counters *counters, size_t series)
{
	if (series == 0)
		return;
	counters->pending.totals.dropped += series;
	counters->any = true;
}

/* --- telling --- */

#define LABELS_SIZE 100 /* the longest are {code="200",handler="api/v1/metrics",method="unknown"} */

/* What is told: the file and what is pending. */
struct telling {
	struct totals totals;
	const struct rings *rings;
};

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
	if (append_line(writer, "_sum", labels, total->sum) == -1)
		return -1;
	return append_line(writer, "_count", labels, (double)total->count);
}

static int append_dropped(const struct telling *telling, struct buffer *out)
{
	struct writer writer = {.out = out, .name = "pgw_scrape_dropped_series_total"};
	return append_line(&writer, "", "", (double)telling->totals.dropped);
}

static int append_sync(const struct telling *telling, struct buffer *out)
{
	struct writer writer = {.out = out, .name = "pgw_sync_seconds"};
	return append_total(&writer, &telling->totals.sync, "");
}

static int append_scrapes(const struct telling *telling, struct buffer *out)
{
	struct writer writer = {.out = out, .name = "promhttp_metric_handler_requests_total"};
	for (size_t i = 0; i < COUNT(codes); i++) {
		uint64_t count = telling->totals.scrapes[i];
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
	struct writer *writer, const struct telling *telling, enum push_summary summary, size_t method)
{
	double quantiles[SUMMARY_QUANTILES];
	char labels[LABELS_SIZE];
	if (summary_quantiles(&telling->rings->pushes[summary][method], push_summaries[summary].unit, time(NULL),
		    quantiles) == -1)
		return -1;
	for (size_t i = 0; i < SUMMARY_QUANTILES; i++) {
		const char *name = summary_quantile_table[i].name;
		snprintf(labels, sizeof(labels), "{method=\"%s\",quantile=\"%s\"}", push_methods[method], name);
		if (append_line(writer, "", labels, quantiles[i]) == -1)
			return -1;
	}
	snprintf(labels, sizeof(labels), "{method=\"%s\"}", push_methods[method]);
	return append_total(writer, &telling->totals.pushes[summary][method], labels);
}

static int append_summaries(const struct telling *telling, struct buffer *out)
{
	for (size_t i = 0; i < PUSH_SUMMARIES; i++) {
		struct writer writer = {.out = out, .name = push_summaries[i].name};
		for (size_t k = 0; k < COUNT(push_methods); k++)
			if (telling->totals.pushes[i][k].count > 0 && append_summary(&writer, telling, i, k) == -1)
				return -1;
	}
	return 0;
}

/* A line of what was counted for one code and handler, by method. */
static int append_methods(
	struct writer *writer, unsigned code, const char *handler, const uint64_t counts[COUNT(methods)])
{
	for (size_t i = 0; i < COUNT(methods); i++) {
		uint64_t count = counts[i];
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

static int append_requests(const struct telling *telling, struct buffer *out)
{
	struct writer writer = {.out = out, .name = "pushgateway_http_requests_total"};
	for (size_t i = 0; i < COUNT(codes); i++)
		for (size_t k = 0; k < COUNT(handlers); k++)
			if (append_methods(&writer, codes[i], handlers[k], telling->totals.requests[i][k]) == -1)
				return -1;
	return 0;
}

static int append_families(const struct telling *telling, struct buffer *out)
{
	static int (*const families[])(const struct telling *telling, struct buffer *out) = {
		append_dropped, append_sync, append_scrapes, append_summaries, append_requests};
	for (size_t i = 0; i < COUNT(families); i++)
		if (families[i](telling, out) == -1)
			return -1;
	return 0;
}

int counters_append(struct counters *counters, struct buffer *out, struct error *error)
{
	struct error unused;
	const size_t before = out->len;
	exchange(counters, true, WAIT_APPEND, &unused);
	struct telling telling = {counters->stored.totals, &counters->stored.rings};
	merge_totals(&telling.totals, &counters->pending.totals);
	if (append_families(&telling, out) == 0)
		return 0;
	out->len = before;
	return error_set_memory(error);
}
