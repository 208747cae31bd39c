/*
 * journals: the files of a journal, for tests that look at them or damage them.
 */
#ifndef PGW_TEST_JOURNALS_H
#define PGW_TEST_JOURNALS_H

#include "journal_file.h"

/* A file of a journal with its head. The caller closes it. */
struct journal_file load_journal_file(const char *path);

#endif
