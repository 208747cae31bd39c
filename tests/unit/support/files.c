#include "files.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <dirent.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static struct rlimit usual_limit;

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

mode_t mode_of(const char *path)
{
	struct stat status;
	assert_int_equal(stat(path, &status), 0);
	return status.st_mode;
}

void list_names(const char *path, char *names, size_t size)
{
	struct dirent **entries;
	int count = scandir(path, &entries, NULL, alphasort);
	assert_true(count >= 2);
	names[0] = '\0';
	for (int i = 0; i < count; i++) {
		if (strcmp(entries[i]->d_name, ".") != 0 && strcmp(entries[i]->d_name, "..") != 0)
			snprintf(names + strlen(names), size - strlen(names), "%s ", entries[i]->d_name);
		free(entries[i]);
	}
	free(entries);
}

void assert_names(const char *path, const char *expected)
{
	char names[1024];
	list_names(path, names, sizeof(names));
	assert_string_equal(names, expected);
}

void limit_file_size(rlim_t bytes)
{
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &usual_limit), 0);
	const struct rlimit limit = {.rlim_cur = bytes, .rlim_max = usual_limit.rlim_max};
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

void lift_file_size_limit(void)
{
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &usual_limit), 0);
	signal(SIGXFSZ, SIG_DFL);
}

int count_descriptors(void)
{
	int count = 0;
	DIR *stream = opendir("/proc/self/fd");
	assert_non_null(stream);
	while (readdir(stream) != NULL)
		count++;
	closedir(stream);
	return count;
}
