/*
 * progress: the line on a terminal that says how far a round is, and messages in between. There is one line a process.
 */
#ifndef PGW_RELAY_PROGRESS_H
#define PGW_RELAY_PROGRESS_H

/* Draws the line on standard error where that is a terminal, in place of the one before, and not too often. */
void progress_show(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Erases it, for good where no other one comes. */
void progress_end(void);

/* A message, as warnx(3) has it. */
void progress_say(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
