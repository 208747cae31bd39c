#include "spool_temporary.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "clock.h"
#include "directory.h"

#define PREFIX	      ".pgw-"
#define SUFFIX	      ".tmp"
#define SPARE_SUFFIX  ".spare"
#define NAME_SIZE     64
#define NUMBER_DIGITS 10

#define SPARES_MAX 4096			    /* as many as are replaced while one rests, at 80,000 a second */
#define SPARE_AGE  (50 * CLOCK_MILLISECOND) /* that a spare must have, for who was about to open it as a group */

/* Without a journal to mend it, what is written into a spare should reach the disk whole or not at all. */
#define UNSYNCED_SIZE_MAX 4096

struct spare {
	unsigned number;
	int64_t since; /* ns of the monotonic clock */
};

struct spool_spares {
	struct spare ring[SPARES_MAX];
	size_t first, count;
	mode_t mode; /* of the files that this process makes; 0 before the first one */
	uid_t owner; /* of the same */
	gid_t group; /* of the same */
};

struct temporary_name {
	char text[NAME_SIZE];
};

static struct temporary_name temporary_name(const struct spool *spool, unsigned number)
{
	struct temporary_name name;
	snprintf(name.text, sizeof(name.text), PREFIX "%ld-%u%s", spool->pid, number,
		spool->options.reuse ? SPARE_SUFFIX : SUFFIX);
	return name;
}

/* Moves past a decimal number. */
static bool skip_number(const char **at)
{
	size_t digits = strspn(*at, "0123456789");
	*at += digits;
	return digits > 0 && digits <= NUMBER_DIGITS;
}

/* Takes a temporary file's name apart. */
static bool parse_name(const char *file, long *pid, bool *spare)
{
	const char *at = file + strlen(PREFIX);
	if (strncmp(file, PREFIX, strlen(PREFIX)) != 0)
		return false;
	*pid = strtol(at, NULL, 10);
	if (!skip_number(&at) || *at++ != '-' || !skip_number(&at))
		return false;
	*spare = strcmp(at, SPARE_SUFFIX) == 0;
	return *spare || strcmp(at, SUFFIX) == 0;
}

bool spool_is_temporary(const struct spool *spool, const char *file, bool *own)
{
	long pid = 0;
	bool spare, temporary = parse_name(file, &pid, &spare);
	*own = temporary && pid == spool->pid;
	return temporary;
}

/* Of a process with this number, wherever it is: one too many that is kept is swept later, and a spare that is swept is
 * only missed by its owner. */
static bool is_alive(long pid)
{
	return pid > 0 && pid <= INT_MAX && (kill((pid_t)pid, 0) == 0 || errno != ESRCH);
}

bool spool_is_debris(const struct spool *spool, const char *file)
{
	long pid;
	bool spare;
	return parse_name(file, &pid, &spare) && pid != spool->pid && !(spare && is_alive(pid));
}

struct sweep {
	const struct spool *spool;
	bool all; /* there are no owners */
};

/* In a container each process may have the number of the one before: who has no spares yet is not their owner. */
static bool has_owner(const struct spool *spool, long pid)
{
	return pid == spool->pid ? spool->spares != NULL : is_alive(pid);
}

static int visit_temporary(const char *file, void *context, struct error *error)
{
	const struct sweep *sweep = context;
	const struct spool *spool = sweep->spool;
	long pid;
	bool spare;
	if (!parse_name(file, &pid, &spare) || (spare && !sweep->all && has_owner(spool, pid)) ||
		unlinkat(spool->groups, file, 0) == 0 || errno == ENOENT || errno == EISDIR)
		return 0;
	return error_set_errno(error, ERROR_IO, "can't remove %s from the spool %s", file, spool->path);
}

int spool_temporary_sweep(struct spool *spool, bool all, struct error *error)
{
	struct sweep sweep = {spool, all};
	return directory_list(spool->groups, spool->path, visit_temporary, &sweep, error);
}

int spool_sweep(struct spool *spool, struct error *error)
{
	journal_begin(&spool->journal);
	int result = spool_temporary_sweep(spool, false, error);
	journal_end(&spool->journal, JOURNAL_DONE);
	return result;
}

void spool_temporary_remove(struct spool *spool, unsigned number)
{
	int kept = errno;
	unlinkat(spool->groups, temporary_name(spool, number).text, 0);
	errno = kept;
}

/* A name that is taken was left by a dead process of our number, for spool_sweep() to remove. */
static int create(struct spool *spool, unsigned *number)
{
	int fd;
	do {
		*number = spool->temporary++;
		fd = openat(spool->groups, temporary_name(spool, *number).text,
			O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, FILE_MODE);
	} while (fd == -1 && errno == EEXIST);
	return fd;
}

/* Whether nobody would see a spare change, and it is like a new file. The lease lasts until the file is closed. */
static bool is_free(const struct spool *spool, int fd, struct slice text, off_t *size)
{
	struct stat status;
	/* What tells of others who wait for the lease must not end the process, as SIGIO does. */
	if (fcntl(fd, F_SETSIG, SIGURG) == -1 || fcntl(fd, F_SETLEASE, F_WRLCK) == -1 || fstat(fd, &status) == -1)
		return false;
	bool small = status.st_size <= UNSYNCED_SIZE_MAX && text.len <= UNSYNCED_SIZE_MAX;
	*size = status.st_size;
	return status.st_nlink == 1 && status.st_mode == spool->spares->mode && status.st_uid == spool->spares->owner &&
	       status.st_gid == spool->spares->group && (small || spool->options.sync);
}

/* Opens the oldest spare that can be used, and tells its size. -1 where there is none. */
static int open_spare(struct spool *spool, struct slice text, unsigned *number, off_t *size)
{
	struct spool_spares *spares = spool->spares;
	while (spares != NULL && spares->count > 0) {
		const struct spare *spare = &spares->ring[spares->first];
		if (clock_monotonic() - spare->since < SPARE_AGE)
			return -1;
		*number = spare->number;
		spares->first = (spares->first + 1) % SPARES_MAX;
		spares->count--;
		int fd = openat(spool->groups, temporary_name(spool, *number).text,
			O_WRONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
		if (fd == -1)
			continue;
		if (is_free(spool, fd, text, size))
			return fd;
		file_close(fd);
		spool_temporary_remove(spool, *number);
	}
	return -1;
}

/* Keeps a file that was replaced. False where that can't be: the caller deletes it. */
static bool keep_spare(struct spool *spool, unsigned number)
{
	struct spool_spares *spares = spool->spares;
	if (spares == NULL || spares->count == SPARES_MAX || spool->journal.support != JOURNAL_KEEPS)
		return false;
	struct stat status;
	if (fstatat(spool->groups, temporary_name(spool, number).text, &status, AT_SYMLINK_NOFOLLOW) == -1 ||
		!S_ISREG(status.st_mode))
		return false;
	spares->ring[(spares->first + spares->count) % SPARES_MAX] = (struct spare){number, clock_monotonic()};
	spares->count++;
	return true;
}

/* Learns what a new file is like, which a spare must be. */
static void note_new(struct spool *spool, const struct stat *status)
{
	if (spool->options.reuse && spool->spares == NULL)
		spool->spares = calloc(1, sizeof(*spool->spares));
	if (spool->spares != NULL) {
		spool->spares->mode = status->st_mode;
		spool->spares->owner = status->st_uid;
		spool->spares->group = status->st_gid;
	}
}

void spool_temporary_release(struct spool *spool)
{
	struct error unused;
	struct spool_spares *spares = spool->spares;
	/* Without the lock they are left to spool_sweep(). */
	if (spares != NULL && spares->count > 0 && spool_lock(spool, &unused) == 0) {
		journal_begin(&spool->journal);
		for (size_t i = 0; i < spares->count; i++)
			spool_temporary_remove(spool, spares->ring[(spares->first + i) % SPARES_MAX].number);
		journal_end(&spool->journal, JOURNAL_DONE);
		spool_unlock(spool);
	}
	free(spares);
	spool->spares = NULL;
}

int spool_temporary_write(struct spool *spool, struct slice text, unsigned *number, struct file_id *id)
{
	struct stat status;
	off_t old_size = 0;
	int fd = open_spare(spool, text, number, &old_size);
	bool is_new = fd == -1;
	if (is_new)
		fd = create(spool, number);
	if (fd == -1)
		return -1;
	int result = file_write_all(fd, text);
	if (result == 0 && old_size > (off_t)text.len)
		result = ftruncate(fd, (off_t)text.len);
	if (result == 0)
		result = fstat(fd, &status);
	if (result == 0) {
		*id = file_identify(&status);
		/* NFS tells of a full disk here. */
		result = close(fd);
	} else {
		file_close(fd);
	}
	if (result == -1)
		spool_temporary_remove(spool, *number);
	else if (is_new)
		note_new(spool, &status);
	return result;
}

/* Has the kernel begin to write a file to disk. Only a hint: fsync(2) tells what failed. */
static void start_writing_back(int fd)
{
#ifdef __linux__
	sync_file_range(fd, 0, 0, SYNC_FILE_RANGE_WRITE);
#endif
}

static int open_temporary(const struct spool *spool, unsigned number)
{
	return openat(spool->groups, temporary_name(spool, number).text, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
}

/* Starting them all before waiting for the first keeps the disk busy: 6,600 small files a second instead of 4,000, in
 * batches of 32. */
int spool_temporary_sync(struct spool *spool, const unsigned *numbers, size_t count, size_t *failed)
{
	for (size_t i = 0; i < count; i++) {
		int fd = open_temporary(spool, numbers[i]);
		if (fd != -1)
			start_writing_back(fd);
		file_close(fd);
	}
	for (*failed = 0; *failed < count; ++*failed) {
		int fd = open_temporary(spool, numbers[*failed]);
		int result = fd == -1 ? -1 : file_sync(fd);
		file_close(fd);
		if (result == -1)
			return -1;
	}
	return 0;
}

/*
 * Swaps the names of the new file and the old one and deletes or keeps the old one, where the file system can: unlike a
 * plain rename over a file it doesn't make ext4 write the new one back at once. 0, or -1 with errno and the names as
 * before.
 */
static int exchange(struct spool *spool, unsigned number, const char *file, bool keep)
{
	const struct temporary_name name = temporary_name(spool, number);
	const char *temporary = name.text;
#ifdef RENAME_EXCHANGE
	if (spool->plain_rename) {
		errno = EINVAL;
		return -1;
	}
	if (renameat2(spool->groups, temporary, spool->groups, file, RENAME_EXCHANGE) == -1) {
		spool->plain_rename = errno == EINVAL || errno == ENOSYS;
		return -1;
	}
	if ((keep && keep_spare(spool, number)) || unlinkat(spool->groups, temporary, 0) == 0 ||
		(errno != EISDIR && errno != EPERM))
		return 0;
	/* It was no file. */
	renameat2(spool->groups, temporary, spool->groups, file, RENAME_EXCHANGE);
	errno = EISDIR;
	return -1;
#else
	errno = EINVAL;
	return -1;
#endif
}

int spool_temporary_place(struct spool *spool, unsigned number, const char *file, bool keep)
{
	int result = exchange(spool, number, file, keep);
	if (result == -1 && (errno == ENOENT || errno == EINVAL || errno == ENOSYS))
		result = renameat(spool->groups, temporary_name(spool, number).text, spool->groups, file);
	if (result == -1)
		spool_temporary_remove(spool, number);
	return result;
}
