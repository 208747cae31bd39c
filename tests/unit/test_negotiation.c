#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "negotiation.h"

#define TEXT   "text/plain; version=0.0.4; charset=utf-8; escaping="
#define TEXT_1 "text/plain; version=1.0.0; charset=utf-8; escaping="
#define PROTOBUF                                                                                                       \
	"application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited; escaping="
#define ASK_PROTOBUF  "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited"
#define ASK_PROTOBUF_ "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited"

/* The headers on the heap without a byte more, so that a sanitizer sees a read past their end. */
static struct negotiated negotiate(struct slice accept)
{
	char *copy = malloc(accept.len);
	memcpy(copy, accept.data, accept.len);
	struct negotiated negotiated = negotiate_format(slice_make(copy, accept.len));
	free(copy);
	return negotiated;
}

static void assert_content_type(const char *accept, const char *expected)
{
	const char *got = negotiated_content_type(negotiate(slice_of(accept)));
	if (strcmp(got, expected) != 0)
		fail_msg("%s: %s", accept, got);
}

static bool takes_gzip(struct slice accept_encoding)
{
	char *copy = malloc(accept_encoding.len);
	memcpy(copy, accept_encoding.data, accept_encoding.len);
	bool gzip = negotiate_gzip(slice_make(copy, accept_encoding.len));
	free(copy);
	return gzip;
}

static const struct {
	const char *accept, *content_type;
} real_ones[] = {
	/* curl, wget, Go's and Python's HTTP clients; Java's HttpURLConnection */
	{"*/*", TEXT "underscores"},
	{"text/html, image/gif, image/jpeg, *; q=.2, */*; q=.2", TEXT "underscores"},
	/* Firefox, Chrome */
	{"text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", TEXT "underscores"},
	{"text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,image/apng,*/*;q=0.8,"
	 "application/signed-exchange;v=b3;q=0.7",
		TEXT "underscores"},
	/* Prometheus 1.x */
	{"application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited;q=0.7,"
	 "text/plain;version=0.0.4;q=0.3,*/*;q=0.1",
		PROTOBUF "underscores"},
	/* Prometheus 2.0, 2.5, 2.4x, and with native histograms */
	{"text/plain;version=0.0.4;q=1,*/*;q=0.1", TEXT "underscores"},
	{"application/openmetrics-text; version=0.0.1,text/plain;version=0.0.4;q=0.5,*/*;q=0.1", TEXT "underscores"},
	{"application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,"
	 "text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
		TEXT "underscores"},
	{"application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited,"
	 "application/openmetrics-text;version=1.0.0;q=0.8,application/openmetrics-text;version=0.0.1;q=0.75,"
	 "text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
		PROTOBUF "underscores"},
	/* Prometheus 3: text, with native histograms, with legacy names, with another scheme */
	{"application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5,"
	 "application/openmetrics-text;version=0.0.1;q=0.4,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.3,"
	 "text/plain;version=0.0.4;q=0.2,*/*;q=0.1",
		TEXT_1 "allow-utf-8"},
	{"application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited;"
	 "escaping=allow-utf-8;q=0.6,application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5,"
	 "application/openmetrics-text;version=0.0.1;q=0.4,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.3,"
	 "text/plain;version=0.0.4;q=0.2,*/*;q=0.1",
		PROTOBUF "allow-utf-8"},
	{"application/openmetrics-text;version=1.0.0;q=0.5,application/openmetrics-text;version=0.0.1;q=0.4,"
	 "text/plain;version=1.0.0;q=0.3,text/plain;version=0.0.4;q=0.2,*/*;q=0.1",
		TEXT_1 "underscores"},
	{"application/openmetrics-text;version=1.0.0;escaping=values;q=0.5,"
	 "application/openmetrics-text;version=0.0.1;q=0.4,text/plain;version=1.0.0;escaping=values;q=0.3,"
	 "text/plain;version=0.0.4;q=0.2,*/*;q=0.1",
		TEXT_1 "values"},
};

static void real_clients(void **state)
{
	for (size_t i = 0; i < sizeof(real_ones) / sizeof(real_ones[0]); i++)
		assert_content_type(real_ones[i].accept, real_ones[i].content_type);
	struct negotiated negotiated = negotiate_format(slice_make(NULL, 0));
	assert_string_equal(negotiated_content_type(negotiated), TEXT "underscores");
}

static void formats(void **state)
{
	static const struct {
		const char *accept, *content_type;
	} cases[] = {
		{"", TEXT "underscores"},
		{"text/plain", TEXT "underscores"},
		{"TEXT/Plain;Version=0.0.4", TEXT "underscores"},
		{"text/plain;version=", TEXT "underscores"},
		{"text/plain;version=1.0.0", TEXT_1 "underscores"},
		{"text/plain; version=\"1.0.0\"", TEXT_1 "underscores"},
		{"text/plain;version=1.0.0;charset=utf-8", TEXT_1 "underscores"},
		{"text/plain;version=2.0.0", TEXT "underscores"},
		{"text/*", TEXT "underscores"},
		{ASK_PROTOBUF, PROTOBUF "underscores"},
		{ASK_PROTOBUF_, PROTOBUF "underscores"},
		{"\t " ASK_PROTOBUF_ " \t", PROTOBUF "underscores"},
		{"application/vnd.google.protobuf ; encoding = \"delimited\" ; "
		 "proto = \"io.prometheus.client.MetricFamily\"",
			PROTOBUF "underscores"},
		{"application/vnd.google.protobuf", TEXT "underscores"},
		{"application/vnd.google.protobuf;encoding=delimited", TEXT "underscores"},
		{"application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily", TEXT "underscores"},
		{"application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=text",
			TEXT "underscores"},
		{"application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=compact-text",
			TEXT "underscores"},
		{"application/vnd.google.protobuf;proto=io.prometheus.client.Metric;encoding=delimited",
			TEXT "underscores"},
		{"application/openmetrics-text;version=1.0.0", TEXT "underscores"},
		{"application/*", TEXT "underscores"},
		{"application/json", TEXT "underscores"},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_content_type(cases[i].accept, cases[i].content_type);
}

static void weights(void **state)
{
	static const struct {
		const char *accept, *content_type;
	} cases[] = {
		{"text/plain," ASK_PROTOBUF, TEXT "underscores"},
		{ASK_PROTOBUF ",text/plain", PROTOBUF "underscores"},
		{"text/plain;q=0.5," ASK_PROTOBUF ";q=0.6", PROTOBUF "underscores"},
		{"text/plain;q=0.6," ASK_PROTOBUF ";q=0.5", TEXT "underscores"},
		{"text/plain;q=0.5," ASK_PROTOBUF ";q=0.5", TEXT "underscores"},
		{"text/plain;q=0.998," ASK_PROTOBUF ";q=0.999", PROTOBUF "underscores"},
		{"text/plain;q=0.999," ASK_PROTOBUF ";q=1", PROTOBUF "underscores"},
		{"text/plain;q=.2," ASK_PROTOBUF ";q=.3", PROTOBUF "underscores"},
		{"text/plain;Q=0.2," ASK_PROTOBUF "; Q=0.3", PROTOBUF "underscores"},
		{"text/plain; q = 0.2 ," ASK_PROTOBUF " ; q = \"0.3\"", PROTOBUF "underscores"},
		{"*/*," ASK_PROTOBUF ";q=0.1", PROTOBUF "underscores"},
		{"text/plain;q=1," ASK_PROTOBUF ";q=5", TEXT "underscores"},
		{"text/plain;q=0.9," ASK_PROTOBUF ";q=5", PROTOBUF "underscores"},
		{"text/plain;q=0.9," ASK_PROTOBUF ";q=99999999999999999999", PROTOBUF "underscores"},
		{"text/plain;q=0.1," ASK_PROTOBUF ";q=0.09999999999999999999", TEXT "underscores"},
		{"text/plain;q=0.1," ASK_PROTOBUF ";q=00.2", PROTOBUF "underscores"},
		{"text/plain;q=0.1," ASK_PROTOBUF ";q=1.", PROTOBUF "underscores"},
		{"text/plain;version=1.0.0;q=0.4,text/plain;q=0.5", TEXT "underscores"},
		{"text/plain;version=1.0.0;q=0.5,text/plain;q=0.4", TEXT_1 "underscores"},
		/* Not acceptable, or no weight at all. */
		{ASK_PROTOBUF ";q=0", TEXT "underscores"},
		{ASK_PROTOBUF ";q=0.000", TEXT "underscores"},
		{ASK_PROTOBUF ";q=0.0001", TEXT "underscores"},
		{ASK_PROTOBUF ";q=", TEXT "underscores"},
		{ASK_PROTOBUF ";q", TEXT "underscores"},
		{ASK_PROTOBUF ";q=.", TEXT "underscores"},
		{ASK_PROTOBUF ";q=-1", TEXT "underscores"},
		{ASK_PROTOBUF ";q=+1", TEXT "underscores"},
		{ASK_PROTOBUF ";q=1e999", TEXT "underscores"},
		{ASK_PROTOBUF ";q=1e0", TEXT "underscores"},
		{ASK_PROTOBUF ";q=nan", TEXT "underscores"},
		{ASK_PROTOBUF ";q=inf", TEXT "underscores"},
		{ASK_PROTOBUF ";q=0x1", TEXT "underscores"},
		{ASK_PROTOBUF ";q=0.5.5", TEXT "underscores"},
		{ASK_PROTOBUF ";q=0,5", TEXT "underscores"},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_content_type(cases[i].accept, cases[i].content_type);
}

static void escapings(void **state)
{
	static const struct {
		const char *accept, *content_type;
	} cases[] = {
		{"text/plain;escaping=allow-utf-8", TEXT "allow-utf-8"},
		{"text/plain;escaping=underscores", TEXT "underscores"},
		{"text/plain;escaping=dots", TEXT "dots"},
		{"text/plain;escaping=values", TEXT "values"},
		{"text/plain;version=1.0.0;escaping=allow-utf-8", TEXT_1 "allow-utf-8"},
		{"text/plain;version=1.0.0;escaping=dots", TEXT_1 "dots"},
		{ASK_PROTOBUF ";escaping=allow-utf-8", PROTOBUF "allow-utf-8"},
		{ASK_PROTOBUF ";escaping=dots", PROTOBUF "dots"},
		{ASK_PROTOBUF ";escaping=values", PROTOBUF "values"},
		{"text/plain; escaping = \"values\"", TEXT "values"},
		{"text/plain;escaping=unknown", TEXT "underscores"},
		{"text/plain;escaping=", TEXT "underscores"},
		{"text/plain;escaping", TEXT "underscores"},
		{"text/plain;escaping=VALUES", TEXT "underscores"},
		/* From an element before the chosen one, not from one behind it. */
		{"a/b;escaping=values,text/plain", TEXT "values"},
		{"a/b;escaping=values,c/d;escaping=dots,text/plain", TEXT "dots"},
		{"a/b;escaping=values,text/plain;escaping=unknown", TEXT "values"},
		{"text/plain,a/b;escaping=values", TEXT "underscores"},
		{"text/plain;escaping=dots,a/b;escaping=values", TEXT "dots"},
		{"a/b;escaping=values;q=0.3,text/plain;q=0.5", TEXT "underscores"},
		{"text/plain;q=0.5,a/b;escaping=values;q=0.6", TEXT "values"},
		{"a/b;escaping=dots;q=0.8,c/d;escaping=values;q=0.9,text/plain;q=0.5", TEXT "dots"},
		{"a/b;escaping=values;q=0,text/plain;q=0.5", TEXT "underscores"},
		{ASK_PROTOBUF ";q=0.5;escaping=values,text/plain;q=0.4;escaping=dots", PROTOBUF "values"},
		/* Where nothing is chosen, the last in the order of preference. */
		{"a/b;escaping=values,c/d;escaping=dots", TEXT "dots"},
		{"a/b;escaping=values;q=0.1,c/d;escaping=dots", TEXT "values"},
		{"*/*;escaping=values", TEXT "values"},
		{"a/b;escaping=values;q=0", TEXT "underscores"},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_content_type(cases[i].accept, cases[i].content_type);
}

static void odd_headers(void **state)
{
	static const struct {
		const char *accept, *content_type;
	} cases[] = {
		{",", TEXT "underscores"},
		{",,;,;;,=,;=,", TEXT "underscores"},
		{";q=1," ASK_PROTOBUF ",;", PROTOBUF "underscores"},
		{"/," ASK_PROTOBUF, PROTOBUF "underscores"},
		{ASK_PROTOBUF ";;;;", PROTOBUF "underscores"},
		{ASK_PROTOBUF ";q=0.5;q=0", TEXT "underscores"},
		/* Separators in quotes are none; quotes that stay open go up to the end. */
		{"a/b;c=\"," ASK_PROTOBUF ",\"", TEXT "underscores"},
		{"a/b;c=\"," ASK_PROTOBUF, TEXT "underscores"},
		{"a/b;c=\"\\\"," ASK_PROTOBUF ",\"", TEXT "underscores"},
		{"a/b;c=\"\\\\\"," ASK_PROTOBUF, PROTOBUF "underscores"},
		{"a/b;c=\";q=0\";d=\"\\", TEXT "underscores"},
		{"text/plain;a=\";escaping=dots\";escaping=values", TEXT "values"},
		{"\"", TEXT "underscores"},
		{"\\", TEXT "underscores"},
		{"text/plain;version=\"1.0.0", TEXT "underscores"},
		{"text/plain;version=\"", TEXT "underscores"},
		{"text/plain\xff;version=1.0.0", TEXT "underscores"},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_content_type(cases[i].accept, cases[i].content_type);
	struct negotiated negotiated = negotiate(slice_make("text/plain\0;version=1.0.0", 24));
	assert_string_equal(negotiated_content_type(negotiated), TEXT "underscores");
}

#define LONG_SIZE 65536

/* 64 KiB of each: time that grew with the square of the length would show. */
static void long_headers(void **state)
{
	static const char *const repeated[] = {",", ";", "=", "\"", "\\", " ", "a/b,", "a/b;q=1,", "a;b=\"",
		"text/plain,", "text/plain;escaping=dots;q=0.5,", "*/*;q=0.1,", "q=", "\",", "gzip;q=0.1,", "*,",
		"\t;"};
	char *header = malloc(LONG_SIZE + 64);
	assert_non_null(header);
	for (size_t i = 0; i < sizeof(repeated) / sizeof(repeated[0]); i++) {
		size_t len = 0;
		while (len < LONG_SIZE) {
			memcpy(header + len, repeated[i], strlen(repeated[i]));
			len += strlen(repeated[i]);
		}
		bool has_escaping = strstr(repeated[i], "escaping") != NULL;
		assert_string_equal(negotiated_content_type(negotiate(slice_make(header, len))),
			has_escaping ? TEXT "dots" : TEXT "underscores");
		assert_int_equal(takes_gzip(slice_make(header, len)), strstr(repeated[i], "gzip") != NULL);
	}
	free(header);
}

static void gzip(void **state)
{
	static const struct {
		const char *accept_encoding;
		bool gzip;
	} cases[] = {
		/* Prometheus and Go; curl --compressed; Firefox; requests; wget; .NET */
		{"gzip", true},
		{"deflate, gzip, br, zstd", true},
		{"gzip, deflate, br, zstd", true},
		{"gzip, deflate", true},
		{"identity", false},
		{"gzip;q=1.0, identity; q=0.5, *;q=0", true},
		{"", false},
		{"x-gzip", true},
		{"GZip", true},
		{" gzip ;q=0.5 ", true},
		{"gzip;q=0.001", true},
		{"gzip;q=0", false},
		{"gzip;q=0.0", false},
		{"gzip;q=nonsense", false},
		{"gzip;q=0, *", false},
		{"*;q=0", false},
		{"*", false},
		{"*, identity;q=0.5", true},
		{"*;q=0.5, identity;q=0", true},
		{"gzip, *;q=0.1", true},
		{"gzip;q=0.1, *", false},
		{"gzip, identity", false},
		{"identity, gzip", false},
		{"gzip, identity;q=0.9", true},
		{"gzip;q=0.8, identity;q=0.9", false},
		{"identity;q=0", false},
		{"gzip;q=0, gzip", true},
		{"gzip, gzip;q=0", true},
		{"br, deflate, zstd", false},
		{"gzi, gzipp, zip", false},
		{"gzip;level=9", true},
		{"br;a=\",gzip,\"", false},
		{",,gzip,,", true},
		{";q=1", false},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		if (takes_gzip(slice_of(cases[i].accept_encoding)) != cases[i].gzip)
			fail_msg("%s", cases[i].accept_encoding);
	assert_false(negotiate_gzip(slice_make(NULL, 0)));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(real_clients),
		cmocka_unit_test(formats),
		cmocka_unit_test(weights),
		cmocka_unit_test(escapings),
		cmocka_unit_test(odd_headers),
		cmocka_unit_test(long_headers),
		cmocka_unit_test(gzip),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
