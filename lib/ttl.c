#include "ttl.h"

#include <stdio.h>

#include "age.h"
#include "clock.h"
#include "text.h"

int ttl_parse(struct slice text, int64_t *ttl, struct error *error)
{
	int64_t age;
	if (age_parse(text, &age, error) == -1)
		return -1;
	if (age == 0)
		return error_set(error, ERROR_USAGE, "%s: a TTL is at least 1s", quote(text).text);
	*ttl = (age + CLOCK_SECOND - 1) / CLOCK_SECOND * CLOCK_SECOND;
	return 0;
}

void ttl_format(int64_t ttl, char text[TTL_TEXT_SIZE])
{
	snprintf(text, TTL_TEXT_SIZE, "%llds", (long long)(ttl / CLOCK_SECOND));
}
