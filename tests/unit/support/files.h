/*
 * files: small files of text, which the unit tests write and compare.
 */
#ifndef PGW_TEST_FILES_H
#define PGW_TEST_FILES_H

/* Makes a file, or replaces what is in it. */
void write_file(const char *path, const char *text);

/* That a file is this text. */
void assert_file(const char *path, const char *text);

/* That nothing has that name. */
void assert_no_file(const char *path);

#endif
