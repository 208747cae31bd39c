#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "media_type.h"

#define TYPE	 "application/vnd.google.protobuf"
#define PROTO	 "proto=io.prometheus.client.MetricFamily"
#define ENCODING "encoding=delimited"
#define PUSHED	 TYPE "; " PROTO "; " ENCODING

static const struct {
	const char *value;
	bool is_pushed; /* where all is needed */
	bool is_scraped;
} cases[] = {
	{PUSHED, true, true},
	{TYPE ";" ENCODING ";" PROTO, true, true},
	{"Application/VND.google.ProtoBuf;PROTO=io.prometheus.client.MetricFamily;Encoding=delimited", true, true},
	{" \t" TYPE "\t; proto = \"io.prometheus.client.MetricFamily\" ; encoding\t=\t\"delimited\" ", true, true},
	{TYPE "; proto=\"io.prometheus.client.MetricFamily\"; encoding=\"delim\\ited\"", false, false},
	{PUSHED ";", true, true},
	{PUSHED "; ", true, true},
	{PUSHED "; escaping=values", true, true},
	{PUSHED "; x=\"\"", true, true},
	{PUSHED "; x=\"; encoding=text\"", true, true},
	{PUSHED "; x=\"\\\"; encoding=text\"", true, true},
	{PUSHED "; " ENCODING, true, true},
	/* Not all is said. */
	{TYPE, false, true},
	{TYPE " ", false, true},
	{TYPE ";", false, true},
	{TYPE "; x=y", false, true},
	{TYPE "; " PROTO, false, true},
	{TYPE "; " ENCODING, false, true},
	/* Something else is said. */
	{TYPE "; proto=io.prometheus.client.metricfamily; " ENCODING, false, false},
	{TYPE "; " PROTO "; encoding=Delimited", false, false},
	{TYPE "; " PROTO "; encoding=text", false, false},
	{TYPE "; encoding=delimite", false, false},
	{TYPE "; encoding=delimitedx", false, false},
	{TYPE "; encoding=\"delimitedx\"", false, false},
	{TYPE "; encoding=\"\"", false, false},
	{PUSHED "; encoding=text", false, false},
	{TYPE "; " PROTO "; encoding=text; " ENCODING, false, false},
	/* Another type. */
	{TYPE "x", false, false},
	{TYPE "x; " PROTO "; " ENCODING, false, false},
	{TYPE "+x; " PROTO "; " ENCODING, false, false},
	{TYPE " x; " PROTO "; " ENCODING, false, false},
	{"x" TYPE, false, false},
	{"application/vnd.google.protobu", false, false},
	{"application / vnd.google.protobuf", false, false},
	{TYPE ", text/plain", false, false},
	{"text/plain; version=0.0.4", false, false},
	{"", false, false},
	{";", false, false},
	{"; " PROTO "; " ENCODING, false, false},
	/* What can't be read. */
	{PUSHED "; junk", false, false},
	{PUSHED "; ;", false, false},
	{PUSHED "; x=", false, false},
	{PUSHED "; =y", false, false},
	{PUSHED "; x=y z", false, false},
	{PUSHED "; x=\"y", false, false},
	{PUSHED "; x=\"\n\"", false, false},
	{PUSHED "; x=\"y\" z", false, false},
	{PUSHED ", text/plain", false, false},
	{TYPE "; " PROTO " " ENCODING, false, false},
	{TYPE "; encoding=\"delimited\\", false, false},
};

/* On the heap without a byte more, so that a sanitizer sees a read past the end. */
static bool is_protobuf(const char *value, size_t length, enum media_type_parameters parameters)
{
	char *copy = malloc(length + (length == 0));
	memcpy(copy, value, length);
	bool is = media_type_is_protobuf(slice_make(copy, length), parameters);
	free(copy);
	return is;
}

static void test_is_protobuf(void **state)
{
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		size_t length = strlen(cases[i].value);
		if (is_protobuf(cases[i].value, length, MEDIA_TYPE_NEEDS_PARAMETERS) != cases[i].is_pushed)
			fail_msg("pushed: %s", cases[i].value);
		if (is_protobuf(cases[i].value, length, MEDIA_TYPE_MAY_LACK_THEM) != cases[i].is_scraped)
			fail_msg("scraped: %s", cases[i].value);
	}
}

/* Wherever it ends, it says what Go makes of it, and nothing behind the end is read. */
static void test_every_length(void **state)
{
	const size_t type = strlen(TYPE), proto = strlen(TYPE "; " PROTO), all = strlen(PUSHED);
	for (size_t length = 0; length <= all; length++) {
		bool whole = length == type || length == type + 1 || length == type + 2 || length == proto ||
			     length == proto + 1 || length == proto + 2 || length == all;
		assert_int_equal(is_protobuf(PUSHED, length, MEDIA_TYPE_MAY_LACK_THEM), whole);
		assert_int_equal(is_protobuf(PUSHED, length, MEDIA_TYPE_NEEDS_PARAMETERS), length == all);
	}
	assert_false(is_protobuf(PUSHED "\0x", all + 2, MEDIA_TYPE_NEEDS_PARAMETERS));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_is_protobuf),
		cmocka_unit_test(test_every_length),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
