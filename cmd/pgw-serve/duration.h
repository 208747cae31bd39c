/*
 * duration: lengths of time in Go's form, in which the upstream's flags are given and shown: 5m, 1h30m, 1.5s.
 *
 * The rules are those of Go's time.ParseDuration and Duration.String.
 */
#ifndef PGW_DURATION_H
#define PGW_DURATION_H

#include <stdint.h>

#define DURATION_TEXT_SIZE 40

struct duration_text {
	char text[DURATION_TEXT_SIZE];
};

/* Reads a duration as nanoseconds. 0, or -1 where the text is none or is longer than 292 years; *nanoseconds is then
 * untouched. */
int duration_parse(const char *text, int64_t *nanoseconds);

/* "5m0s", "1.5s", "20ms", "0s". For use inside one expression. */
struct duration_text duration_text(int64_t nanoseconds);

#endif
