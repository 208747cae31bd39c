#include "numbers.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

const char *format_number(double value)
{
	static char text[NUMBER_TEXT_SIZE + 1];
	text[NUMBER_TEXT_SIZE] = '#';
	size_t len = number_format(value, text);
	assert_in_range(len, 1, 24);
	assert_int_equal(text[NUMBER_TEXT_SIZE], '#');
	text[len] = '\0';
	return text;
}

int parse_number(const char *text, double *value)
{
	return number_parse(slice_of(text), value);
}
