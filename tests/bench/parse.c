/*
 * parse: how fast an exposition is read. Prints MB/s on one core of parsing alone, and of all that a push does before
 * it writes: parsing, checking, canonical text.
 *
 *	parse FILE [SECONDS]
 */
#include <err.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "buffer.h"
#include "canonical.h"
#include "exposition.h"
#include "input_limits.h"
#include "labels.h"

static double now(void)
{
	struct timespec time;
	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static void write_families(const struct exposition *exposition, const struct canonical_key *key, struct buffer *out)
{
	struct fingerprint *fingerprints = calloc(exposition->metric_count + 1, sizeof(*fingerprints));
	struct error error;

	if (fingerprints == NULL)
		err(1, NULL);
	for (uint32_t i = 0; i < exposition->family_count; i++) {
		const struct metric_family *family = &exposition->families[i];
		if (canonical_append_head(out, family->name, family->help, family->type) == -1)
			err(1, NULL);
		if (canonical_append_samples(out, exposition, family, key, fingerprints, &error) == -1)
			errx(1, "%s", error.message);
	}
	free(fingerprints);
}

static void once(struct slice text, const struct limits *limits, const struct canonical_key *key, struct buffer *out)
{
	struct exposition exposition;
	struct error error;

	exposition_init(&exposition);
	if (exposition_parse(&exposition, text, limits, &error) == -1)
		errx(1, "line %u: %s", error.line, error.message);
	if (out != NULL) {
		if (exposition_check(&exposition, &error) == -1)
			errx(1, "line %u: %s", error.line, error.message);
		buffer_clear(out);
		write_families(&exposition, key, out);
	}
	exposition_release(&exposition);
}

/* The best of many: what the machine does besides only makes it slower. */
static double best_rate(struct slice text, const struct limits *limits, const struct canonical_key *key,
	struct buffer *out, double seconds)
{
	double end = now() + seconds, best = 0;
	do {
		double start = now();
		once(text, limits, key, out);
		double rate = (double)text.len / 1e6 / (now() - start);
		if (rate > best)
			best = rate;
	} while (now() < end);
	return best;
}

int main(int argc, char *argv[])
{
	struct limits limits = LIMITS_DEFAULT;
	struct canonical_key canonical;
	struct grouping_key key;
	struct buffer text, out;
	struct error error;
	double seconds;
	int fd;

	if (argc < 2)
		errx(64, "usage: parse FILE [SECONDS]");
	seconds = argc > 2 ? atof(argv[2]) : 3;
	buffer_init(&text, 1 << 30);
	buffer_init(&out, 1 << 30);
	if ((fd = open(argv[1], O_RDONLY)) == -1 || buffer_read_fd(&text, fd) == -1)
		err(66, "%s", argv[1]);
	close(fd);
	limits.body = 1 << 30;
	grouping_key_init(&key);
	if (grouping_key_set(&key, slice_of("job"), slice_of("bench"), &error) == -1 ||
		grouping_key_finish(&key, &limits, &error) == -1 || canonical_key_init(&canonical, &key, &error) == -1)
		errx(1, "%s", error.message);
	printf("parse %.0f\n", best_rate(buffer_slice(&text), &limits, NULL, NULL, seconds));
	printf("push %.0f\n", best_rate(buffer_slice(&text), &limits, &canonical, &out, seconds));
	canonical_key_release(&canonical);
	grouping_key_release(&key);
	buffer_release(&text);
	buffer_release(&out);
	return 0;
}
