/*
 * json: a streaming JSON writer.
 *
 *	struct json json;
 *	json_init(&json, &buffer);
 *	json_begin_object(&json);
 *	json_key(&json, "job");
 *	json_string(&json, slice_of("backup"));
 *	json_end_object(&json);
 *	if (json_finish(&json) == -1) ...	errno of the first append that failed
 *
 * Commas and escaping are the writer's; nesting is checked by an assertion. There is one escaping function: \" \\ \b \f
 * \n \r \t, other characters that a terminal does not show or that do something to it (text.h) as \uXXXX, and each byte
 * that is not UTF-8 as U+FFFD, since JSON has nothing for it.
 */
#ifndef PGW_JSON_H
#define PGW_JSON_H

#include <stdbool.h>
#include <stdint.h>

#include "buffer.h"
#include "slice.h"

#define JSON_DEPTH_MAX 16

struct json {
	struct buffer *out;
	int failed; /* errno of the first failure, or 0 */
	unsigned depth;
	bool empty[JSON_DEPTH_MAX];   /* nothing yet at that depth */
	char closers[JSON_DEPTH_MAX]; /* what ends that depth */
	bool after_key;
};

void json_init(struct json *json, struct buffer *out);
void json_begin_object(struct json *json);
void json_end_object(struct json *json);
void json_begin_array(struct json *json);
void json_end_array(struct json *json);
void json_key(struct json *json, const char *key);
void json_key_slice(struct json *json, struct slice key);
void json_string(struct json *json, struct slice value);
void json_number(struct json *json, double value); /* null where it is not finite, as JSON has no such number */
void json_integer(struct json *json, int64_t value);
void json_bool(struct json *json, bool value);
int json_finish(struct json *json);

#endif
