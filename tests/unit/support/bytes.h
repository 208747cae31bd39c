/*
 * bytes: what was made, compared byte by byte.
 */
#ifndef PGW_TEST_BYTES_H
#define PGW_TEST_BYTES_H

#include "slice.h"

/* A failure tells where they begin to differ. */
void assert_bytes(struct slice bytes, struct slice expected);

/* That gzip members hold these bytes; a wrong checksum or length is a failure. */
void assert_unpacks(struct slice packed, struct slice expected);

#endif
