/*
 * target_answer: what a target answered, as an exposition.
 */
#ifndef PGW_RELAY_TARGET_ANSWER_H
#define PGW_RELAY_TARGET_ANSWER_H

#include "error.h"
#include "http.h"
#include "input_limits.h"
#include "payload.h"

/* Unpacks and parses an answer, text or delimited protobuf as its Content-Type says, into an empty payload that may
 * hold more than limits->body: payload->text is what the target said, unpacked. The exposition is one that can be
 * pushed (exposition_check()). *size is that of the unpacked text, 0 where there is none and -1 where it is over the
 * limit, as Prometheus has it. 1 where a newline was added at the end, 0, or -1 with ERROR_UNAVAILABLE (a status from
 * 500), ERROR_REFUSED (another one that is not 200), ERROR_TOO_LARGE, or what the answer says, the payload or the
 * parser. */
int target_answer_parse(const struct http_answer *answer, struct payload *payload, const struct limits *limits,
	double *size, struct error *error);

#endif
