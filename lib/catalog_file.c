#include "catalog_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "boot_id.h"
#include "clock.h"
#include "file.h"

#define MAGIC	  "pgw-catalog 2\n"
#define TEMPORARY ".catalog.tmp"
#define MODE	  0640 /* whoever reads the seed could prepare collisions */

/* So many pages are 16 GiB: more is damage. */
#define PAGES_MAX (1u << 22)

_Static_assert(sizeof(struct catalog_page) == CATALOG_PAGE_SIZE, "a page has the size of a page");
_Static_assert(sizeof(struct catalog_header) <= CATALOG_PAGE_SIZE, "the header fits its page");
_Static_assert(sizeof(struct catalog_record) == 64, "records have no padding");

struct catalog_cached {
	struct catalog_page page;
	struct catalog_cached *next;
	uint32_t number;
	bool changed;
};

static uint32_t page_count(const struct catalog_header *header)
{
	return header->record_pages + header->claim_pages;
}

static off_t page_offset(uint32_t number)
{
	return ((off_t)number + 1) * CATALOG_PAGE_SIZE;
}

uint64_t catalog_file_header_checksum(const struct catalog_header *header)
{
	return XXH3_64bits(header, offsetof(struct catalog_header, checksum));
}

/* In the context of its place and of its catalog, so that no page is taken for another. */
static uint64_t page_checksum(const struct catalog_file *file, const struct catalog_page *page, uint32_t number)
{
	const size_t start = sizeof(page->head.checksum);
	return XXH3_64bits_withSeed(
		(const unsigned char *)page + start, CATALOG_PAGE_SIZE - start, file->header.seed + number);
}

/* Who and what this catalog is for. */
static bool describe(struct catalog_header *header, int groups)
{
	struct stat status;
	memset(header, 0, sizeof(*header));
	memcpy(header->magic, MAGIC, sizeof(MAGIC));
	if (!boot_id_read(header->boot) || fstat(groups, &status) == -1)
		return false;
	header->device = status.st_dev;
	header->inode = status.st_ino;
	return true;
}

/* Opens and reads the header; -1 where it is none. */
static int open_header(int directory, int flags, struct catalog_header *header)
{
	int fd = openat(directory, CATALOG_FILE, flags | O_NONBLOCK | O_NOCTTY | O_NOFOLLOW | O_CLOEXEC);
	if (fd == -1)
		return -1;
	if (pread(fd, header, sizeof(*header), 0) == (ssize_t)sizeof(*header) &&
		memcmp(header->magic, MAGIC, sizeof(MAGIC)) == 0 &&
		header->checksum == catalog_file_header_checksum(header))
		return fd;
	return file_close(fd);
}

bool catalog_file_seed(int directory, uint64_t *seed)
{
	struct catalog_header header;
	int fd = open_header(directory, O_RDONLY, &header);
	if (fd == -1)
		return false;
	close(fd);
	*seed = header.seed;
	return true;
}

static bool is_usable(const struct catalog_file *file, int groups)
{
	const struct catalog_header *header = &file->header;
	struct catalog_header wanted;
	struct stat status;
	return header->whole == 1 && describe(&wanted, groups) &&
	       memcmp(header->boot, wanted.boot, sizeof(wanted.boot)) == 0 && header->device == wanted.device &&
	       header->inode == wanted.inode && header->seed == hash_series_seed() && header->record_pages > 0 &&
	       header->record_pages <= PAGES_MAX && header->claim_pages > 0 && header->claim_pages <= PAGES_MAX &&
	       clock_is_possible(header->position.compared) && fstat(file->fd, &status) == 0 &&
	       S_ISREG(status.st_mode) && status.st_size == page_offset(page_count(header));
}

int catalog_file_open(struct catalog_file *file, int directory, int groups)
{
	*file = (struct catalog_file){.directory = directory, .fd = -1};
	file->fd = open_header(directory, O_RDWR, &file->header);
	if (file->fd != -1 && is_usable(file, groups))
		file->pages = calloc(page_count(&file->header), sizeof(struct catalog_cached *));
	if (file->pages != NULL)
		return 1;
	catalog_file_close(file);
	return 0;
}

static struct catalog_cached *add_page(struct catalog_file *file, uint32_t number)
{
	struct catalog_cached *cached = calloc(1, sizeof(*cached));
	if (cached == NULL)
		return NULL;
	cached->number = number;
	cached->next = file->cached;
	file->cached = cached;
	file->pages[number] = cached;
	return cached;
}

int catalog_file_make(struct catalog_file *file, int directory, int groups, uint32_t record_pages, uint32_t claim_pages)
{
	*file = (struct catalog_file){.directory = directory, .fd = -1};
	if (record_pages > PAGES_MAX || claim_pages > PAGES_MAX || !describe(&file->header, groups))
		return -1;
	file->header.seed = hash_series_seed();
	file->header.record_pages = record_pages;
	file->header.claim_pages = claim_pages;
	file->pages = calloc(page_count(&file->header), sizeof(struct catalog_cached *));
	for (uint32_t i = 0; file->pages != NULL && i < page_count(&file->header); i++) {
		if (add_page(file, i) == NULL) {
			catalog_file_close(file);
			return -1;
		}
		file->pages[i]->changed = true;
	}
	return file->pages == NULL ? -1 : 0;
}

void catalog_file_close(struct catalog_file *file)
{
	if (file->broken && file->fd != -1)
		unlinkat(file->directory, CATALOG_FILE, 0);
	for (struct catalog_cached *cached = file->cached, *next; cached != NULL; cached = next) {
		next = cached->next;
		free(cached);
	}
	file->cached = NULL;
	free(file->pages);
	file->pages = NULL;
	file->fd = file_close(file->fd);
}

static size_t page_room(const struct catalog_file *file, uint32_t number)
{
	return number < file->header.record_pages ? CATALOG_RECORD_MAX : CATALOG_CLAIM_MAX;
}

struct catalog_page *catalog_file_page(struct catalog_file *file, uint32_t number)
{
	if (file->broken)
		return NULL;
	if (file->pages[number] != NULL)
		return &file->pages[number]->page;
	struct catalog_cached *cached = add_page(file, number);
	struct catalog_page *page = cached == NULL ? NULL : &cached->page;
	if (page != NULL && pread(file->fd, page, CATALOG_PAGE_SIZE, page_offset(number)) == CATALOG_PAGE_SIZE &&
		page->head.checksum == page_checksum(file, page, number) && page->head.count <= page_room(file, number))
		return page;
	file->broken = true;
	return NULL;
}

void catalog_file_touch(struct catalog_file *file, uint32_t number)
{
	file->pages[number]->changed = true;
}

static int write_at(int fd, const void *bytes, size_t size, off_t offset)
{
	ssize_t written;
	do
		written = pwrite(fd, bytes, size, offset);
	while (written == -1 && errno == EINTR);
	return written == (ssize_t)size ? 0 : -1;
}

static int write_header(struct catalog_file *file, bool whole)
{
	file->header.whole = whole;
	file->header.checksum = catalog_file_header_checksum(&file->header);
	return write_at(file->fd, &file->header, sizeof(file->header), 0);
}

static int write_pages(struct catalog_file *file)
{
	for (struct catalog_cached *cached = file->cached; cached != NULL; cached = cached->next) {
		if (!cached->changed)
			continue;
		cached->page.head.checksum = page_checksum(file, &cached->page, cached->number);
		if (write_at(file->fd, &cached->page, CATALOG_PAGE_SIZE, page_offset(cached->number)) == -1)
			return -1;
		cached->changed = false;
	}
	return 0;
}

static int replace(struct catalog_file *file)
{
	/* Who holds the lock is alone: one that is there was left by somebody who was killed. */
	unlinkat(file->directory, TEMPORARY, 0);
	file->fd = openat(file->directory, TEMPORARY, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, MODE);
	if (file->fd == -1)
		return -1;
	if (write_pages(file) == 0 && write_header(file, true) == 0 &&
		renameat(file->directory, TEMPORARY, file->directory, CATALOG_FILE) == 0)
		return 0;
	unlinkat(file->directory, TEMPORARY, 0);
	return -1;
}

int catalog_file_save(struct catalog_file *file)
{
	if (file->fd == -1)
		return replace(file);
	if (write_header(file, false) == 0 && write_pages(file) == 0 && write_header(file, true) == 0)
		return 0;
	unlinkat(file->directory, CATALOG_FILE, 0);
	return -1;
}
