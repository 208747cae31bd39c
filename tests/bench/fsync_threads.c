/*
 * fsync_threads: what a file system can do for those who keep a file for each group and sync it the plain way. Each
 * thread replaces random ones of FILES files: it writes a new one, syncs it, renames it over the old one and syncs the
 * directory. Prints how many all threads did in a second.
 *
 *	fsync_threads DIRECTORY FILES SIZE THREADS SECONDS
 */
#include <err.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

struct work {
	int directory;
	unsigned int files;
	const char *data;
	size_t size;
	atomic_bool stop;
};

struct worker {
	pthread_t thread;
	struct work *work;
	unsigned int number;
	unsigned long done;
};

static double now(void)
{
	struct timespec time;
	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static void replace(const struct work *work, const char *temporary, unsigned int file)
{
	char name[32];
	int fd;

	snprintf(name, sizeof(name), "host%u.prom", file);
	fd = openat(work->directory, temporary, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0644);
	if (fd == -1 || write(fd, work->data, work->size) != (ssize_t)work->size || fsync(fd) == -1 || close(fd) == -1)
		err(74, "%s", temporary);
	if (renameat(work->directory, temporary, work->directory, name) == -1 || fsync(work->directory) == -1)
		err(74, "%s", name);
}

static void *worker_run(void *argument)
{
	struct worker *worker = argument;
	unsigned int seed = worker->number;
	char temporary[32];

	snprintf(temporary, sizeof(temporary), ".new.%u", worker->number);
	while (!worker->work->stop) {
		replace(worker->work, temporary, (unsigned int)rand_r(&seed) % worker->work->files);
		worker->done++;
	}
	return NULL;
}

static double rate(struct work *work, unsigned int threads, double seconds)
{
	struct worker *workers = calloc(threads, sizeof(*workers));
	unsigned long done = 0;
	double start = now();

	if (workers == NULL)
		err(71, NULL);
	for (unsigned int i = 0; i < threads; i++) {
		workers[i].work = work;
		workers[i].number = i + 1;
		if (pthread_create(&workers[i].thread, NULL, worker_run, &workers[i]) != 0)
			errx(71, "no thread");
	}
	nanosleep(&(struct timespec){(time_t)seconds, (long)((seconds - (double)(time_t)seconds) * 1e9)}, NULL);
	work->stop = true;
	for (unsigned int i = 0; i < threads; i++) {
		pthread_join(workers[i].thread, NULL);
		done += workers[i].done;
	}
	free(workers);
	return (double)done / (now() - start);
}

int main(int argc, char *argv[])
{
	struct work work = {0};
	char *data;

	if (argc != 6 || atoi(argv[2]) < 1 || atoi(argv[3]) < 1 || atoi(argv[4]) < 1)
		errx(64, "usage: fsync_threads DIRECTORY FILES SIZE THREADS SECONDS");
	work.files = (unsigned int)atoi(argv[2]);
	work.size = (size_t)atoi(argv[3]);
	if ((data = malloc(work.size)) == NULL)
		err(71, NULL);
	memset(data, 'x', work.size);
	work.data = data;
	if ((work.directory = open(argv[1], O_RDONLY | O_DIRECTORY | O_CLOEXEC)) == -1)
		err(66, "%s", argv[1]);
	printf("%.1f\n", rate(&work, (unsigned int)atoi(argv[4]), atof(argv[5])));
	close(work.directory);
	free(data);
	return 0;
}
