/*
 * catalog_agrees SPOOL: whether the spool's catalog says what its group files do. Exit status 0 if so, 1 with a line
 * that says what differs, 2 where there is no catalog that can be used or where files clash, 3 for everything else.
 */
#include <stdio.h>

#include "catalog.h"

int main(int argc, char *argv[])
{
	const struct limits limits = LIMITS_DEFAULT;
	struct spool_options options = SPOOL_OPTIONS_DEFAULT;
	struct spool spool;
	struct error error;
	options.create = false;
	if (argc != 2 || spool_open(&spool, argv[1], &options, &error) == -1) {
		fprintf(stderr, "%s: %s\n", argv[0], argc != 2 ? "one argument is wanted" : error.message);
		return 3;
	}
	catalog_prepare(&spool);
	int result = spool_lock(&spool, &error) == -1 ? -2 : catalog_compare(&spool, &limits, &error);
	spool_close(&spool);
	if (result < 0)
		puts(error.message);
	return result == 1 ? 0 : result == 0 ? 2 : result == -1 ? 1 : 3;
}
