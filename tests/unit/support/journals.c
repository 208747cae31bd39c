#include "journals.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <sys/stat.h>

struct journal_file load_journal_file(const char *path)
{
	struct stat status;
	struct journal_file file = {.fd = open(path, O_RDWR | O_CLOEXEC)};
	assert_int_not_equal(file.fd, -1);
	assert_int_equal(fstat(file.fd, &status), 0);
	file.size = (uint64_t)status.st_size;
	assert_int_equal(journal_file_load(&file), 1);
	return file;
}
