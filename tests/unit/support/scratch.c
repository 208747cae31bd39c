#include "scratch.h"

#include <ftw.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static char entered[SCRATCH_PATH_SIZE];

int scratch_make(char path[SCRATCH_PATH_SIZE])
{
	const char *folder = getenv("TMPDIR");
	bool given = folder != NULL && *folder != '\0';
	int length = snprintf(path, SCRATCH_PATH_SIZE, "%s/pgw-test-XXXXXX", given ? folder : "/tmp");
	return length >= SCRATCH_PATH_SIZE || mkdtemp(path) == NULL ? -1 : 0;
}

static int remove_entry(const char *path, const struct stat *status, int type, struct FTW *walk)
{
	return remove(path);
}

int scratch_remove(const char *path)
{
	return nftw(path, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
}

int scratch_enter(void **state)
{
	umask(022);
	return scratch_make(entered) == -1 ? -1 : chdir(entered);
}

int scratch_leave(void **state)
{
	return chdir("/") == -1 ? -1 : scratch_remove(entered);
}

const char *scratch_path(void)
{
	return entered;
}
