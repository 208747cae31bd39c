/*
 * keys: grouping keys in their forms.
 */
#ifndef PGW_TEST_KEYS_H
#define PGW_TEST_KEYS_H

#include "labels.h"

/* grouping_key_from_path(), grouping_key_from_file() or grouping_key_from_text(). */
typedef int key_parser(
	struct grouping_key *key, struct slice input, const struct limits *key_limits, struct error *error);

/* Parses what must parse. The caller releases the key. */
struct grouping_key parse_key(key_parser *parser, struct slice input);

#endif
