/*
 * reading: an exposition as a client takes it, in pieces of any size.
 */
#ifndef PGW_TEST_READING_H
#define PGW_TEST_READING_H

#include "exposition_reader.h"

/* Appends all that a reader has that is prepared, which is as much as it says, and frees it. */
void read_prepared(struct exposition_reader *reader, struct buffer *out);

#endif
