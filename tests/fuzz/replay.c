/*
 * replay: runs a fuzz target over its corpus and writes TAP, one test a file. What a file does wrong ends the program
 * by a signal.
 */
#include <dirent.h>
#include <err.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int visible(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

static void replay(const char *name)
{
	char path[4096];
	uint8_t *data = NULL;
	size_t size = 0, capacity = 0;
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", CORPUS, name);
	if ((file = fopen(path, "r")) == NULL)
		err(1, "%s", path);
	do {
		capacity = 2 * capacity + 4096;
		if ((data = realloc(data, capacity)) == NULL)
			err(1, NULL);
		size += fread(data + size, 1, capacity - size, file);
	} while (size == capacity);
	if (ferror(file))
		err(1, "%s", path);
	fclose(file);
	/* Cut to its size, so that AddressSanitizer sees a read past the end. */
	if ((data = realloc(data, size > 0 ? size : 1)) == NULL)
		err(1, NULL);
	LLVMFuzzerTestOneInput(data, size);
	free(data);
}

int main(void)
{
	struct dirent **entries;
	int count = scandir(CORPUS, &entries, visible, alphasort);

	if (count == -1)
		err(1, "%s", CORPUS);
	if (count == 0)
		errx(1, "%s: no files", CORPUS);
	printf("1..%d\n", count);
	for (int i = 0; i < count; i++) {
		replay(entries[i]->d_name);
		printf("ok %d - %s\n", i + 1, entries[i]->d_name);
		fflush(stdout);
		free(entries[i]);
	}
	free(entries);
	return 0;
}
