#include "duration.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#define MICROSECOND UINT64_C(1000)
#define MILLISECOND (1000 * MICROSECOND)
#define SECOND	    (1000 * MILLISECOND)
#define MINUTE	    (60 * SECOND)
#define HOUR	    (60 * MINUTE)

/* The micro sign and the Greek letter. */
static const struct unit {
	const char *name;
	uint64_t length;
} units[] = {
	{"ns", 1},
	{"us", MICROSECOND},
	{"\xc2\xb5s", MICROSECOND},
	{"\xce\xbcs", MICROSECOND},
	{"ms", MILLISECOND},
	{"s", SECOND},
	{"m", MINUTE},
	{"h", HOUR},
};

static bool is_digit(char byte)
{
	return byte >= '0' && byte <= '9';
}

/* A unit ends where the next number begins. */
static const struct unit *take_unit(const char **at)
{
	size_t len = strcspn(*at, ".0123456789");
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		if (strlen(units[i].name) == len && memcmp(units[i].name, *at, len) == 0) {
			*at += len;
			return &units[i];
		}
	}
	return NULL;
}

/* Takes one number with its unit and adds it. */
static int take_part(const char **at, int64_t *sum)
{
	int64_t whole = 0, part;
	double fraction = 0, scale = 1;
	bool digits = false;
	for (; is_digit(**at); (*at)++, digits = true) {
		if (__builtin_mul_overflow(whole, 10, &whole) || __builtin_add_overflow(whole, **at - '0', &whole))
			return -1;
	}
	if (**at == '.') {
		for ((*at)++; is_digit(**at); (*at)++, digits = true) {
			scale /= 10;
			fraction += (**at - '0') * scale;
		}
	}
	const struct unit *unit = digits ? take_unit(at) : NULL;
	if (unit == NULL || __builtin_mul_overflow(whole, (int64_t)unit->length, &part) ||
		__builtin_add_overflow(part, (int64_t)(fraction * (double)unit->length + 0.5), &part))
		return -1;
	return __builtin_add_overflow(*sum, part, sum) ? -1 : 0;
}

int duration_parse(const char *text, int64_t *nanoseconds)
{
	const char *at = text;
	int64_t sum = 0;
	bool negative = *at == '-';
	if (*at == '-' || *at == '+')
		at++;
	if (*at == '\0')
		return -1;
	if (strcmp(at, "0") != 0) {
		while (*at != '\0')
			if (take_part(&at, &sum) == -1)
				return -1;
	}
	*nanoseconds = negative ? -sum : sum;
	return 0;
}

/* The value in a unit, with the digits behind the point that count. */
static void append_in_unit(char text[DURATION_TEXT_SIZE], uint64_t value, const struct unit *unit)
{
	char fraction[24];
	uint64_t length = unit->length;
	size_t used = strlen(text);
	int digits = snprintf(fraction, sizeof(fraction), "%" PRIu64, length + value % length);
	while (digits > 1 && fraction[digits - 1] == '0')
		digits--;
	/* The first digit is only there to keep the zeros behind it. */
	snprintf(text + used, DURATION_TEXT_SIZE - used, "%" PRIu64 "%s%.*s%s", value / length, digits > 1 ? "." : "",
		digits - 1, fraction + 1, unit->name);
}

struct duration_text duration_text(int64_t nanoseconds)
{
	static const struct unit nanosecond = {"ns", 1}, microsecond = {"\xc2\xb5s", MICROSECOND},
				 millisecond = {"ms", MILLISECOND}, second = {"s", SECOND};
	struct duration_text result = {""};
	uint64_t value = nanoseconds < 0 ? -(uint64_t)nanoseconds : (uint64_t)nanoseconds;
	const struct unit *unit = value < MICROSECOND	? &nanosecond
				  : value < MILLISECOND ? &microsecond
				  : value < SECOND	? &millisecond
							: &second;
	if (nanoseconds < 0)
		strcat(result.text, "-");
	if (value >= HOUR)
		snprintf(result.text + strlen(result.text), 24, "%" PRIu64 "h", value / HOUR);
	if (value >= MINUTE)
		snprintf(result.text + strlen(result.text), 8, "%um", (unsigned)(value / MINUTE % 60));
	append_in_unit(result.text, value >= MINUTE ? value % MINUTE : value, value == 0 ? &second : unit);
	return result;
}
