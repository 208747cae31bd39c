/*
 * messages: delimited protobuf for the tests, in a notation of its own, which is encoded here and by nothing of the
 * library.
 *
 * A field is NUMBER:VALUE, where 5 is a varint, -5z a zigzag one, 1.5, inf and nan are doubles, 'text' is bytes (@ is a
 * NUL) and {...} a message; a semicolon ends a delimited message.
 */
#ifndef PGW_TEST_MESSAGES_H
#define PGW_TEST_MESSAGES_H

#include "protobuf.h"

/* Messages, and what protobuf_parse() makes of them. */
struct messages {
	struct buffer bytes;
	struct exposition exposition;
	struct error error;
	int status;
};

/* A number, and bytes behind their length. */
void put_varint(struct buffer *out, uint64_t value);
void put_delimited(struct buffer *out, struct slice bytes);

/* Initialises `out` with the messages. */
void encode_messages(struct buffer *out, const char *notation);

/* Parses them, or what is in messages->bytes, within the default limits or others. */
void parse_messages(struct messages *messages, const char *notation);
void parse_message_bytes(struct messages *messages, const struct limits *with);
void release_messages(struct messages *messages);

/* Appends an exposition as text, without the comments for the natives and with a NUL; or as protobuf. */
void append_exposition_text(struct buffer *text, const struct exposition *exposition);
void append_protobuf(struct buffer *out, const struct exposition *exposition);

/* That messages become this text, with so many natives. */
void assert_message_text(const char *notation, uint32_t natives, const char *expected);

/* That they are as they came when they are written again. */
void assert_messages_kept(const char *notation, uint32_t natives);

#endif
