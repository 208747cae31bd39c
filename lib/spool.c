#include "spool.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "clock.h"
#include "directory.h"
#include "spool_recover.h"
#include "spool_temporary.h"
#include "text.h"

#define VERSION_FILE	  "version"
#define VERSION_TEXT	  "pgw-spool 1\n"
#define VERSION_WORD	  "pgw-spool "
#define VERSION_SIZE_MAX  64
#define VERSION_TEMPORARY ".version.tmp"
#define LOCK_FILE	  "lock"
#define DIRECTORY_MODE	  0755

#define POLL_FIRST 200000   /* ns between the first two attempts to get the lock */
#define POLL_LAST  10000000 /* ns between the last ones */

/* --- opening and creating --- */

static bool may_create(const struct spool *spool)
{
	return spool->options.create && !spool->options.read_only;
}

static int open_directory(struct spool *spool, struct error *error)
{
	const char *path = spool->path;
	spool->directory = open(path, FILE_DIRECTORY_FLAGS);
	if (spool->directory == -1 && errno == ENOENT && may_create(spool)) {
		if (mkdir(path, DIRECTORY_MODE) == -1 && errno != EEXIST)
			return error_set_errno(error, ERROR_CREATE, "can't make the spool %s", path);
		spool->directory = open(path, FILE_DIRECTORY_FLAGS);
	}
	if (spool->directory != -1)
		return 0;
	struct stat status;
	int number = errno;
	if (number == ENOTDIR && stat(path, &status) == 0)
		return error_set(error, ERROR_CREATE, "%s is a file; the spool is a directory", path);
	errno = number;
	return error_set_errno(error, ERROR_CREATE, "can't open the spool %s", path);
}

static int refuse_version(const struct spool *spool, struct slice text, struct error *error)
{
	static const struct slice word = SLICE_LITERAL(VERSION_WORD);
	if (!slice_has_prefix(text, word))
		return error_set(error, ERROR_CREATE, "%s is not a spool: its file named version reads %s", spool->path,
			quote(text).text);
	struct slice version = slice_make(text.data + word.len, text.len - word.len);
	if (version.len > 0 && version.data[version.len - 1] == '\n')
		version.len--;
	return error_set(error, ERROR_CREATE, "%s is a spool of version %s; this program knows version 1", spool->path,
		quote(version).text);
}

/* 1 if the version is ours, 0 if there is no file named version, -1 with an error. */
static int check_version(const struct spool *spool, struct error *error)
{
	int fd;
	struct stat status;
	struct buffer text;
	buffer_init(&text, VERSION_SIZE_MAX);
	int result = file_open_regular(spool->directory, VERSION_FILE, &fd, &status);
	/* What is longer than any version is shown cut. */
	if (result == 1 && buffer_read_fd(&text, fd) == -1 && errno != EMSGSIZE)
		result = -1;
	if (result == -1)
		error_set_errno(error, ERROR_CREATE, "can't read %s/" VERSION_FILE, spool->path);
	else if (result == 1 && !slice_is(buffer_slice(&text), VERSION_TEXT))
		result = refuse_version(spool, buffer_slice(&text), error);
	file_close(fd);
	buffer_release(&text);
	return result;
}

/* What may be there before the file named version: what makers leave that were killed, and what a file system of the
 * spool's own brings along. */
static int visit_unborn(const char *file, void *context, struct error *error)
{
	static const char *const names[] = {LOCK_FILE, VERSION_TEMPORARY, "lost+found"};
	bool known = false;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		known |= strcmp(file, names[i]) == 0;
	*(bool *)context &= known;
	return 0;
}

/* Refuses a directory with foreign files. The version is written before all else that a spool has, so that a foreign
 * name beside a version which came meanwhile is no stranger's. */
static int check_unborn(const struct spool *spool, struct error *error)
{
	bool unborn = true;
	if (may_create(spool)) {
		if (directory_list(spool->directory, spool->path, visit_unborn, &unborn, error) == -1)
			return -1;
		if (unborn)
			return 0;
	}
	int born = check_version(spool, error);
	return born != 0
		       ? born
		       : error_set(error, ERROR_CREATE, "%s is not a spool: it has no file named version", spool->path);
}

static int write_version(const struct spool *spool)
{
	static const struct slice text = SLICE_LITERAL(VERSION_TEXT);
	int fd = openat(
		spool->directory, VERSION_TEMPORARY, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, FILE_MODE);
	if (fd == -1)
		return -1;
	int result = file_write_all(fd, text) == -1 || file_sync(fd) == -1 ? -1 : 0;
	if (close(fd) == -1 || result == -1 ||
		renameat(spool->directory, VERSION_TEMPORARY, spool->directory, VERSION_FILE) == -1) {
		int number = errno;
		unlinkat(spool->directory, VERSION_TEMPORARY, 0);
		errno = number;
		return -1;
	}
	return 0;
}

/* Makes the names in the spool, and its own name, durable, whatever options.sync says: others will rely on it. A
 * parent that may not be read can't be synced. */
static int sync_names(const struct spool *spool)
{
	int parent = openat(spool->directory, "..", FILE_DIRECTORY_FLAGS);
	int result = parent == -1 ? 0 : file_sync(parent);
	file_close(parent);
	return result == -1 ? -1 : file_sync(spool->directory);
}

/* Makes what is missing, under the lock: of several makers one does it, the others find it done and on disk. */
static int create(struct spool *spool, struct error *error)
{
	if (spool_lock(spool, error) == -1)
		return -1;
	int result = check_version(spool, error);
	if (result == 0 && write_version(spool) == -1)
		result = error_set_errno(error, ERROR_CREATE, "can't write %s/" VERSION_FILE, spool->path);
	if (result != -1 && mkdirat(spool->directory, SPOOL_GROUPS, DIRECTORY_MODE) == -1 && errno != EEXIST)
		result = error_set_errno(error, ERROR_CREATE, "can't make %s/" SPOOL_GROUPS, spool->path);
	if (result != -1 && sync_names(spool) == -1)
		result = error_set_errno(error, ERROR_CREATE, "can't sync the spool %s", spool->path);
	spool_unlock(spool);
	return result == -1 ? -1 : 0;
}

static int open_groups(struct spool *spool, struct error *error)
{
	spool->groups = openat(spool->directory, SPOOL_GROUPS, FILE_DIRECTORY_FLAGS);
	if (spool->groups == -1 && errno == ENOENT && may_create(spool)) {
		if (create(spool, error) == -1)
			return -1;
		spool->groups = openat(spool->directory, SPOOL_GROUPS, FILE_DIRECTORY_FLAGS);
	}
	if (spool->groups == -1)
		return error_set_errno(error, ERROR_CREATE, "can't open %s/" SPOOL_GROUPS, spool->path);
	return 0;
}

/* A lock file that somebody else made may be readable only, as on a file system that became read-only. That is enough
 * for flock(2) on local file systems. */
static int open_lock(struct spool *spool, struct error *error)
{
	const int flags = O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK;
	spool->lock = openat(spool->directory, LOCK_FILE, flags | O_RDWR, FILE_MODE);
	if (spool->lock == -1 && (errno == EACCES || errno == EROFS))
		spool->lock = openat(spool->directory, LOCK_FILE, flags | O_RDONLY, FILE_MODE);
	if (spool->lock == -1)
		return error_set_errno(error, ERROR_CREATE, "can't open %s/" LOCK_FILE, spool->path);
	return 0;
}

static int open_parts(struct spool *spool, struct error *error)
{
	if (open_directory(spool, error) == -1)
		return -1;
	int born = check_version(spool, error);
	if (born == -1 || (born == 0 && check_unborn(spool, error) == -1))
		return -1;
	if (!spool->options.read_only && open_lock(spool, error) == -1)
		return -1;
	if (open_groups(spool, error) == -1)
		return -1;
	journal_init(&spool->journal, spool->directory, spool->groups, spool->options.read_only, spool->path);
	return 0;
}

/* Before anybody sees what a crash left. Only who finds that needs the lock. */
static int recover_where_due(struct spool *spool, struct error *error)
{
	if (spool->options.read_only)
		return spool_recover_check(spool, error);
	if (journal_look(&spool->journal, error) == -1)
		return -1;
	if (spool->journal.state != JOURNAL_CRASHED && spool->journal.state != JOURNAL_INTERRUPTED)
		return 0;
	/* Who has the lock is in the midst of a batch, and has seen to those of others. */
	if (spool->journal.state == JOURNAL_INTERRUPTED && flock(spool->lock, LOCK_EX | LOCK_NB) == -1)
		return 0;
	if (spool_lock(spool, error) == -1)
		return -1;
	spool_unlock(spool);
	return 0;
}

int spool_open(struct spool *spool, const char *path, const struct spool_options *options, struct error *error)
{
	*spool = (struct spool){.directory = -1,
		.groups = -1,
		.lock = -1,
		.pid = (long)getpid(),
		.options = *options,
		.path = strdup(path),
		.journal = {.files = {{.fd = -1}, {.fd = -1}}, .current = -1}};
	if (spool->path == NULL)
		return error_set_memory(error);
	if (open_parts(spool, error) == -1 || recover_where_due(spool, error) == -1) {
		spool_close(spool);
		return -1;
	}
	return 0;
}

void spool_close(struct spool *spool)
{
	spool_temporary_release(spool);
	journal_release(&spool->journal);
	spool->directory = file_close(spool->directory);
	spool->groups = file_close(spool->groups);
	spool->lock = file_close(spool->lock);
	spool->locked = false;
	free(spool->path);
	spool->path = NULL;
}

bool spool_is_new(const char *path)
{
	struct error unused;
	bool unborn = true;
	int directory = open(path, FILE_DIRECTORY_FLAGS);
	if (directory == -1)
		return errno == ENOENT;
	bool listed = directory_list(directory, path, visit_unborn, &unborn, &unused) == 0;
	file_close(directory);
	return listed && unborn;
}

/* A directory that was removed lives on without a name for who has it open. */
static bool is_removed(int directory)
{
	struct stat status;
	return fstat(directory, &status) == 0 && status.st_nlink == 0;
}

int spool_check_there(const struct spool *spool, struct error *error)
{
	const char *part = is_removed(spool->directory) ? "" : is_removed(spool->groups) ? "/" SPOOL_GROUPS : NULL;
	if (part == NULL)
		return 0;
	return error_set(
		error, ERROR_IO, "%s%s was removed while it was in use; restart this program", spool->path, part);
}

/* --- the lock --- */

/* Waits for the lock of the open file. There is no flock(2) with a time limit that needs no signal: hence polling. */
static int wait_for_lock(const struct spool *spool, int64_t deadline, struct error *error)
{
	for (long pause = POLL_FIRST; flock(spool->lock, LOCK_EX | LOCK_NB) == -1;) {
		if (errno == EINTR)
			continue;
		if (errno != EWOULDBLOCK)
			return error_set_errno(error, ERROR_IO, "can't lock %s/" LOCK_FILE, spool->path);
		if (clock_monotonic() >= deadline)
			return error_set(error, ERROR_BUSY, "waited %u ms for the lock %s/" LOCK_FILE,
				spool->options.lock_timeout, spool->path);
		nanosleep(&(struct timespec){.tv_nsec = pause}, NULL);
		pause = pause * 2 < POLL_LAST ? pause * 2 : POLL_LAST;
	}
	return 0;
}

/* Whether the locked file is still the one of that name: when somebody deletes it, the next one makes and locks
 * another. */
static bool lock_is_current(const struct spool *spool)
{
	struct stat ours, present;
	return fstat(spool->lock, &ours) == 0 &&
	       fstatat(spool->directory, LOCK_FILE, &present, AT_SYMLINK_NOFOLLOW) == 0 &&
	       ours.st_ino == present.st_ino && ours.st_dev == present.st_dev;
}

static int take_lock(struct spool *spool, struct error *error)
{
	int64_t deadline = clock_monotonic() + spool->options.lock_timeout * CLOCK_MILLISECOND;
	for (;;) {
		if (spool->lock == -1 && open_lock(spool, error) == -1)
			return -1;
		if (wait_for_lock(spool, deadline, error) == -1)
			return -1;
		spool->locked = lock_is_current(spool);
		if (spool->locked)
			return 0;
		spool->lock = file_close(spool->lock);
	}
}

int spool_lock(struct spool *spool, struct error *error)
{
	if (take_lock(spool, error) == -1)
		return -1;
	/* While the spool is made there is nothing to look at yet. */
	if (spool->groups == -1 || spool_recover(spool, error) == 0)
		return 0;
	spool_unlock(spool);
	return -1;
}

void spool_unlock(struct spool *spool)
{
	if (spool->locked)
		flock(spool->lock, LOCK_UN);
	spool->locked = false;
}

/* --- the journal --- */

bool spool_journal_position(struct spool *spool, struct journal_position *position)
{
	return journal_position(&spool->journal, position);
}

int spool_changes_since(
	struct spool *spool, struct journal_position *from, spool_visit *visit, void *context, struct error *error)
{
	return journal_changes_since(&spool->journal, from, visit, context, error);
}

bool spool_checkpoint_due(const struct spool *spool, uint64_t *generation)
{
	return journal_unclean(&spool->journal, generation);
}

void spool_checkpointed(struct spool *spool, uint64_t generation)
{
	journal_set_clean(&spool->journal, generation);
}

void spool_checkpoint_failed(struct spool *spool)
{
	journal_set_unwritten(&spool->journal);
}

/* --- reading --- */

struct group_visit {
	spool_visit *visit;
	void *context;
};

static int visit_group(const char *file, void *context, struct error *error)
{
	const struct group_visit *group = context;
	bool is_group = file[0] != '.' && slice_has_suffix(slice_of(file), slice_of(SPOOL_SUFFIX));
	return is_group ? group->visit(file, group->context, error) : 0;
}

int spool_scan(struct spool *spool, spool_visit *visit, void *context, struct error *error)
{
	struct group_visit group = {visit, context};
	return directory_list(spool->groups, spool->path, visit_group, &group, error);
}

static int set_read_error(const struct spool *spool, const char *file, struct error *error)
{
	return error_set_errno(
		error, ERROR_IO, "can't read %s in the spool %s", quote(slice_of(file)).text, spool->path);
}

int spool_identify(struct spool *spool, const char *file, struct file_id *id, struct error *error)
{
	struct stat status;
	if (fstatat(spool->groups, file, &status, 0) == -1)
		return file_is_absent(errno) ? 0 : set_read_error(spool, file, error);
	if (!S_ISREG(status.st_mode))
		return 0;
	*id = file_identify(&status);
	return 1;
}

int spool_read(struct spool *spool, const char *file, struct buffer *text, struct file_id *id, struct error *error)
{
	int fd;
	struct stat status;
	size_t before = text->len;
	int result = file_open_regular(spool->groups, file, &fd, &status);
	if (result == -1)
		return set_read_error(spool, file, error);
	if (result == 0)
		return 0;
	*id = file_identify(&status);
	/* Asked first, so that a huge file is not read up to the maximum. */
	errno = EMSGSIZE;
	if (status.st_size > 0 && (uintmax_t)status.st_size > text->max - text->len)
		result = -1;
	else if (buffer_read_fd(text, fd) == -1)
		result = -1;
	if (result == -1) {
		text->len = before;
		if (errno == EMSGSIZE)
			error_set(error, ERROR_TOO_LARGE, "%s in the spool %s is larger than %zu bytes",
				quote(slice_of(file)).text, spool->path, text->max);
		else
			set_read_error(spool, file, error);
	}
	close(fd);
	return result;
}

/* --- the mark --- */

int64_t spool_marked(const struct spool *spool)
{
	struct stat status;
	return fstat(spool->groups, &status) == -1 ? SPOOL_UNMARKED : file_identify(&status).modified;
}

int64_t spool_mark(struct spool *spool)
{
	int64_t mark;
	return file_mark_directory(spool->groups, &mark) ? mark : SPOOL_UNMARKED;
}
