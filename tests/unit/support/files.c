#include "files.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <unistd.h>

void write_file(const char *path, const char *text)
{
	FILE *file = fopen(path, "w");
	assert_non_null(file);
	assert_int_equal(fwrite(text, 1, strlen(text), file), strlen(text));
	assert_int_equal(fclose(file), 0);
}

void assert_file(const char *path, const char *text)
{
	char data[8192];
	FILE *file = fopen(path, "r");
	assert_non_null(file);
	size_t len = fread(data, 1, sizeof(data) - 1, file);
	data[len] = '\0';
	fclose(file);
	assert_string_equal(data, text);
	assert_int_equal(len, strlen(text));
}

void assert_no_file(const char *path)
{
	assert_int_equal(access(path, F_OK), -1);
}
