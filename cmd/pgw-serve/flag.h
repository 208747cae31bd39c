/*
 * flag: one flag of pgw-serve, how its value is read and how it is shown.
 *
 * settings.c has the table of all flags, each with the field of struct settings that it sets and its kind.
 */
#ifndef PGW_FLAG_H
#define PGW_FLAG_H

#include <stddef.h>

#include "buffer.h"
#include "error.h"
#include "settings.h"

struct flag;

struct flag_kind {
	/* Sets the field. 0, or -1 with ERROR_USAGE or ERROR_MEMORY. `value` is "true" or "false" for a flag without an
	 * argument. */
	int (*read)(const struct flag *flag, struct settings *settings, const char *value, struct error *error);

	/* Appends the field's value as text, in the form that the upstream shows it in. 0, or -1 with errno. */
	int (*show)(const struct flag *flag, const struct settings *settings, struct buffer *out);
};

struct flag {
	int letter; /* 0 for none */
	const char *name;
	const char *argument; /* its name for the help; NULL for none, there is a --no-NAME then */
	const char *help;
	const struct flag_kind *kind; /* NULL for what is no setting */
	size_t offset;		      /* of the field in struct settings */
	size_t max;		      /* of a number */
};

extern const struct flag_kind flag_switch;    /* bool */
extern const struct flag_kind flag_string;    /* const char * */
extern const struct flag_kind flag_addresses; /* settings.addresses, repeatable */
extern const struct flag_kind flag_size;      /* size_t, with a unit of powers of 1024 */
extern const struct flag_kind flag_count;     /* size_t */
extern const struct flag_kind flag_unsigned;  /* unsigned */
extern const struct flag_kind flag_age;	      /* unsigned, in ms */
extern const struct flag_kind flag_interval;  /* int64_t, in ns, in Go's form */
extern const struct flag_kind flag_sync;      /* bool: always or none */
extern const struct flag_kind flag_level;     /* enum log_level */
extern const struct flag_kind flag_format;    /* enum log_format */
extern const struct flag_kind flag_refused;   /* nothing: there is no such thing here yet */

#endif
