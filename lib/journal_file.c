#include "journal_file.h"

#include <bsd/stdlib.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "clock.h"

#define MAGIC	   "pgw-journal 1\n"
#define ALIGNMENT  8
#define STEP_FIRST (256u << 10)
#define STEP_LAST  (4u << 20)
#define PARTS	   4 /* of a record: its head, the name, the text, zeros */

struct record_head {
	uint64_t previous; /* the checksum of the record before */
	uint64_t checksum; /* of all that follows, seeded with `previous` */
	uint32_t kind;
	uint32_t name_len;
	uint64_t text_len;
	int64_t time;
	int64_t before;
	uint64_t inode;
	int64_t size;
	int64_t modified;
};

#define CHECKED_OFFSET offsetof(struct record_head, kind)

static const char zeros[ALIGNMENT];

static uint64_t padding(uint64_t len)
{
	return (ALIGNMENT - len % ALIGNMENT) % ALIGNMENT;
}

static uint64_t record_size(uint64_t name_len, uint64_t text_len)
{
	uint64_t size = sizeof(struct record_head) + name_len + text_len;
	return size + padding(size);
}

static uint64_t record_checksum(const struct record_head *head, struct slice name, struct slice text)
{
	uint64_t sum = XXH3_64bits_withSeed(
		(const char *)head + CHECKED_OFFSET, sizeof(*head) - CHECKED_OFFSET, head->previous);
	sum = XXH3_64bits_withSeed(name.data, name.len, sum);
	return XXH3_64bits_withSeed(text.data, text.len, sum);
}

static uint64_t head_checksum(const struct journal_head *head)
{
	return XXH3_64bits(head, offsetof(struct journal_head, checksum));
}

int file_write_vector(int fd, struct iovec *vector, int count, uint64_t offset)
{
	while (count > 0) {
		ssize_t written = pwritev(fd, vector, count, (off_t)offset);
		if (written == -1 && errno == EINTR)
			continue;
		if (written == -1)
			return -1;
		offset += (uint64_t)written;
		for (; count > 0 && (size_t)written >= vector->iov_len; count--)
			written -= (ssize_t)(vector++)->iov_len;
		if (count > 0) {
			vector->iov_base = (char *)vector->iov_base + written;
			vector->iov_len -= (size_t)written;
		}
	}
	return 0;
}

static int write_at(int fd, const void *data, size_t len, uint64_t offset)
{
	return file_write_vector(fd, &(struct iovec){(void *)data, len}, 1, offset);
}

/* 1; 0 where the file ends before; -1 with errno. */
static int read_at(int fd, void *data, size_t len, uint64_t offset)
{
	for (size_t have = 0; have < len;) {
		ssize_t got = pread(fd, (char *)data + have, len - have, (off_t)(offset + have));
		if (got == -1 && errno == EINTR)
			continue;
		if (got <= 0)
			return (int)got;
		have += (size_t)got;
	}
	return 1;
}

static bool is_possible(const struct journal_head *head)
{
	return head->generation < UINT64_MAX / 2 && clock_is_possible(head->began) && clock_is_possible(head->time) &&
	       clock_is_possible(head->modified) && clock_is_possible(head->crashed);
}

int journal_file_load(struct journal_file *file)
{
	struct journal_head *head = &file->head;
	int result = read_at(file->fd, head, sizeof(*head), 0);
	if (result != 1)
		return result;
	return memcmp(head->magic, MAGIC, sizeof(MAGIC)) == 0 && head->checksum == head_checksum(head) &&
	       head->boot[0] != '\0' && memchr(head->boot, '\0', sizeof(head->boot)) != NULL && is_possible(head) &&
	       head->tail >= JOURNAL_START && head->tail % ALIGNMENT == 0 &&
	       (head->tail == JOURNAL_START || head->tail <= file->size);
}

int journal_file_store(struct journal_file *file)
{
	file->head.checksum = head_checksum(&file->head);
	return write_at(file->fd, &file->head, sizeof(file->head), 0);
}

int journal_file_begin(struct journal_file *file)
{
	struct journal_head *head = &file->head;
	memset(head->magic, 0, sizeof(head->magic));
	memcpy(head->magic, MAGIC, sizeof(MAGIC));
	arc4random_buf(&head->first, sizeof(head->first));
	head->tail = JOURNAL_START;
	head->chain = head->first;
	return journal_file_store(file);
}

static int write_zeros(int fd, uint64_t from, uint64_t end)
{
	static const char page[65536];
	while (from < end) {
		size_t len = end - from < sizeof(page) ? (size_t)(end - from) : sizeof(page);
		if (write_at(fd, page, len, from) == -1)
			return -1;
		from += len;
	}
	return 0;
}

/* Written rather than only allocated: turning an unwritten block into a written one is a change of the file system's
 * own, for which every sync of a record would have to wait. What a disk that gets full took already is given back. */
static int extend(struct journal_file *file, uint64_t size)
{
	if (write_zeros(file->fd, file->size, size) == 0 && file_sync(file->fd) == 0) {
		file->size = size;
		return 0;
	}
	int number = errno;
	if (ftruncate(file->fd, (off_t)file->size) == 0)
		errno = number;
	errno = number;
	return -1;
}

int journal_file_reserve(struct journal_file *file, uint64_t end)
{
	if (end <= file->size)
		return 0;
	uint64_t step = file->size < STEP_FIRST ? STEP_FIRST : file->size < STEP_LAST ? file->size : STEP_LAST;
	uint64_t size = (end + step - 1) / step * step;
	return extend(file, size) == 0 || extend(file, end) == 0 ? 0 : -1;
}

uint64_t journal_file_need(const struct journal_record *records, size_t count)
{
	uint64_t need = 0;
	for (size_t i = 0; i < count; i++)
		need += record_size(records[i].file.len, records[i].kind == JOURNAL_PUT ? records[i].text.len : 0);
	return need;
}

int journal_file_append(struct journal_file *file, struct journal_cursor *cursor, int64_t *time,
	const struct journal_record *records, size_t count)
{
	struct record_head heads[JOURNAL_RECORDS_MAX];
	struct iovec vector[JOURNAL_RECORDS_MAX * (PARTS)];
	int parts = 0;
	int64_t now = clock_wall();
	uint64_t chain = cursor->chain, need = journal_file_need(records, count);
	if (count > JOURNAL_RECORDS_MAX) {
		errno = E2BIG;
		return -1;
	}
	for (size_t i = 0; i < count; i++) {
		const struct journal_record *record = &records[i];
		struct slice text = record->kind == JOURNAL_PUT ? record->text : slice_make("", 0);
		*time = now > *time ? now : *time + 1;
		heads[i] = (struct record_head){.previous = chain,
			.kind = record->kind,
			.name_len = (uint32_t)record->file.len,
			.text_len = text.len,
			.time = *time,
			.before = record->before,
			.inode = record->id.inode,
			.size = record->id.size,
			.modified = record->id.modified};
		chain = heads[i].checksum = record_checksum(&heads[i], record->file, text);
		vector[parts++] = (struct iovec){&heads[i], sizeof(heads[i])};
		vector[parts++] = (struct iovec){(void *)record->file.data, record->file.len};
		vector[parts++] = (struct iovec){(void *)text.data, text.len};
		vector[parts++] =
			(struct iovec){(void *)zeros, padding(sizeof(heads[i]) + record->file.len + text.len)};
	}
	if (file_write_vector(file->fd, vector, parts, cursor->offset) == -1) {
		int number = errno;
		journal_file_cut(file, cursor);
		errno = number;
		return -1;
	}
	cursor->offset += need;
	cursor->chain = chain;
	if (file->size < cursor->offset)
		file->size = cursor->offset;
	return 0;
}

int journal_file_cut(struct journal_file *file, const struct journal_cursor *cursor)
{
	uint64_t none = ~cursor->chain;
	return write_at(file->fd, &none, sizeof(none), cursor->offset);
}

/* Whether the name can be that of a file in the directory that the journal is of. */
static bool is_name(struct slice name)
{
	return name.len > 0 && name.len <= JOURNAL_NAME_MAX && name.data[0] != '.' &&
	       memchr(name.data, '/', name.len) == NULL && memchr(name.data, '\0', name.len) == NULL;
}

static bool is_sound(
	const struct journal_file *file, const struct record_head *head, const struct journal_cursor *cursor)
{
	return head->previous == cursor->chain && head->kind >= JOURNAL_PUT && head->kind <= JOURNAL_TOUCH &&
	       head->name_len > 0 && head->name_len <= JOURNAL_NAME_MAX && head->text_len <= JOURNAL_RECORD_MAX &&
	       (head->kind == JOURNAL_PUT || head->text_len == 0) && clock_is_possible(head->time) &&
	       clock_is_possible(head->before) &&
	       cursor->offset + record_size(head->name_len, head->text_len) <= file->size;
}

int journal_file_next(const struct journal_file *file, struct journal_cursor *cursor, enum journal_depth depth,
	struct buffer *buffer, struct journal_record *record)
{
	struct record_head head;
	int result = read_at(file->fd, &head, sizeof(head), cursor->offset);
	if (result != 1 || !is_sound(file, &head, cursor))
		return result == -1 ? -1 : 0;
	size_t len = head.name_len + (depth == JOURNAL_WHOLE ? (size_t)head.text_len : 0);
	buffer_clear(buffer);
	if (buffer_reserve(buffer, len + 1) == -1)
		return -1;
	result = read_at(file->fd, buffer->data, len, cursor->offset + sizeof(head));
	if (result != 1)
		return result;
	/* The name ends with a NUL; the text, where there is one, follows it. */
	memmove(buffer->data + head.name_len + 1, buffer->data + head.name_len, len - head.name_len);
	buffer->data[head.name_len] = '\0';
	buffer->len = len + 1;
	*record = (struct journal_record){.kind = head.kind,
		.file = slice_make(buffer->data, head.name_len),
		.text = slice_make(NULL, head.text_len),
		.id = {.inode = head.inode, .size = head.size, .modified = head.modified},
		.time = head.time,
		.before = head.before};
	if (depth == JOURNAL_WHOLE)
		record->text.data = buffer->data + head.name_len + 1;
	if (!is_name(record->file) ||
		(depth == JOURNAL_WHOLE && record_checksum(&head, record->file, record->text) != head.checksum))
		return 0;
	cursor->offset += record_size(head.name_len, head.text_len);
	cursor->chain = head.checksum;
	return 1;
}

uint64_t journal_file_text_offset(uint64_t record_offset, struct slice name)
{
	return record_offset + sizeof(struct record_head) + name.len;
}
