/*
 * media_type: what a Content-Type says.
 *
 * Read as by Go's mime.ParseMediaType, which the upstream and Prometheus use: the type and the names of parameters in
 * any case, parameters in any order, values as tokens or quoted, blanks around all of them. One that can't be read says
 * nothing. Other than in Go, parameters that nobody asks for may contradict each other, and values that are cut into
 * numbered parameters (RFC 2231) are not put together.
 */
#ifndef PGW_MEDIA_TYPE_H
#define PGW_MEDIA_TYPE_H

#include <stdbool.h>

#include "slice.h"

enum media_type_parameters {
	MEDIA_TYPE_NEEDS_PARAMETERS, /* as the upstream's handler/push.go has it: what is pushed says it all */
	MEDIA_TYPE_MAY_LACK_THEM,    /* as expfmt.ResponseFormat: a target need only say nothing else */
};

/* Whether it means delimited io.prometheus.client.MetricFamily messages. */
bool media_type_is_protobuf(struct slice value, enum media_type_parameters parameters);

#endif
