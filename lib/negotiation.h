/*
 * negotiation: which form of the exposition a client wants.
 *
 * The rules are the upstream's (prometheus/common 0.67, expfmt.Negotiate, which promhttp calls as the Pushgateway sets
 * it up; client_golang's NegotiateContentEncoding for gzip), with text 1.0.0 besides and with weights, quoted values
 * and case as RFC 9110 has them. Headers are a stranger's: linear time, no allocation, and what can't be read is
 * passed over.
 */
#ifndef PGW_NEGOTIATION_H
#define PGW_NEGOTIATION_H

#include <stdbool.h>

#include "names.h"
#include "slice.h"

enum exposition_format {
	FORMAT_TEXT_0_0_4,
	FORMAT_TEXT_1_0_0,
	FORMAT_PROTOBUF, /* delimited io.prometheus.client.MetricFamily */
};

struct negotiated {
	enum exposition_format format;
	enum escaping_scheme escaping;
};

/*
 * From an Accept header; data is NULL where there is none.
 *
 * The form is the one with the highest weight, the first among equals; text 0.0.4 where none is named. Wildcards name
 * none. The escaping is that of the nearest element, by weight and then by place, from the chosen one up that has a
 * known escaping=, whatever its media type: "application/openmetrics-text;escaping=allow-utf-8,text/plain;q=0.5" is
 * text without escaping. Where there is none it is ESCAPING_UNDERSCORES.
 */
struct negotiated negotiate_format(struct slice accept);

/* The Content-Type of an answer, for the lifetime of the program: "text/plain; version=0.0.4; charset=utf-8;
 * escaping=underscores" and so on, as the upstream 1.11 writes it. */
const char *negotiated_content_type(struct negotiated negotiated);

/* Whether an Accept-Encoding header (data is NULL where there is none) prefers gzip to identity. One that is not named
 * has the weight of "*"; without "*", identity has none. So "gzip" and "gzip, *;q=0.1" do; "*" and "gzip, identity" do
 * not. */
bool negotiate_gzip(struct slice accept_encoding);

#endif
