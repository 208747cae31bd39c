#include "catalog.h"

#include <stdlib.h>
#include <unistd.h>

#include "catalog_parts.h"
#include "clock.h"
#include "consistency.h"

#define FILE_CONTEXT	UINT64_C(0x66696c65) /* keeps hashes of file names apart from all others */
#define MALFORMED_SHAPE 0

void catalog_prepare(const struct spool *spool)
{
	uint64_t seed;
	if (catalog_file_seed(spool->directory, &seed))
		hash_adopt_series_seed(seed);
}

struct catalog *catalog_open(struct spool *spool, const struct limits *limits)
{
	struct catalog *catalog = calloc(1, sizeof(*catalog));
	if (catalog == NULL)
		return NULL;
	catalog->spool = spool;
	catalog->limits = *limits;
	if (catalog_file_open(&catalog->file, spool->directory, spool->groups) == 1)
		return catalog;
	free(catalog);
	return NULL;
}

void catalog_drop(const struct spool *spool)
{
	unlinkat(spool->directory, CATALOG_FILE, 0);
}

void catalog_close(struct catalog *catalog)
{
	if (catalog != NULL)
		catalog_file_close(&catalog->file);
	free(catalog);
}

static enum catalog_answer break_off(struct catalog *catalog)
{
	catalog->file.broken = true;
	return CATALOG_BROKEN;
}

/* --- records --- */

uint32_t catalog_owner(struct fingerprint name)
{
	return (uint32_t)(name.low >> 32);
}

static uint32_t record_page(const struct catalog *catalog, uint32_t owner)
{
	return (uint32_t)(((uint64_t)owner * catalog->file.header.record_pages) >> 32);
}

static struct fingerprint name_of(struct slice file)
{
	return hash_series(FILE_CONTEXT, file);
}

struct catalog_record *catalog_find_name(struct catalog *catalog, struct fingerprint name, uint32_t *number)
{
	*number = record_page(catalog, catalog_owner(name));
	struct catalog_page *page = catalog_file_page(&catalog->file, *number);
	for (uint32_t i = 0; page != NULL && i < page->head.count; i++)
		if (fingerprint_equal(page->content.records[i].name, name))
			return &page->content.records[i];
	return NULL;
}

struct catalog_record *catalog_find(struct catalog *catalog, struct slice file, uint32_t *number)
{
	return catalog_find_name(catalog, name_of(file), number);
}

/* The record of a file, a new one without claims where there is none. NULL where the catalog is broken, or too small.
 */
static struct catalog_record *get_record(struct catalog *catalog, struct slice file, uint32_t *number)
{
	struct catalog_record *record = catalog_find(catalog, file, number);
	if (record != NULL)
		return record;
	struct catalog_page *page = catalog_file_page(&catalog->file, *number);
	if (page == NULL || page->head.count == CATALOG_RECORD_MAX)
		return NULL;
	record = &page->content.records[page->head.count++];
	*record = (struct catalog_record){.name = name_of(file), .modified = CATALOG_RACY};
	catalog->file.header.groups++;
	catalog_file_touch(&catalog->file, *number);
	return record;
}

void catalog_retire(struct catalog *catalog, struct catalog_record *record, uint32_t number)
{
	catalog->file.header.series -= record->series;
	record->series = 0;
	record->version = 0;
	record->shape = MALFORMED_SHAPE;
	record->modified = CATALOG_RACY;
	catalog_file_touch(&catalog->file, number);
}

void catalog_remove_record(struct catalog *catalog, struct catalog_record *record, uint32_t number)
{
	catalog_retire(catalog, record, number);
	catalog->file.header.groups--;
	struct catalog_page *page = catalog_file_page(&catalog->file, number);
	*record = page->content.records[--page->head.count];
}

void catalog_remove(struct catalog *catalog, struct slice file)
{
	uint32_t number;
	struct catalog_record *record = catalog_find(catalog, file, &number);
	if (record != NULL)
		catalog_remove_record(catalog, record, number);
}

void catalog_set_record_id(struct catalog_record *record, const struct file_id *id, int64_t moment)
{
	record->inode = id->inode;
	record->size = id->size;
	record->modified = moment - id->modified < FILE_RACY_AGE ? CATALOG_RACY : id->modified;
}

void catalog_set_file_id(struct catalog *catalog, struct slice file, const struct file_id *id)
{
	uint32_t number;
	struct catalog_record *record = catalog_find(catalog, file, &number);
	if (record == NULL)
		return;
	catalog_set_record_id(record, id, clock_wall());
	catalog_file_touch(&catalog->file, number);
}

uint64_t catalog_shape(const struct group *group)
{
	return group->shape.low == MALFORMED_SHAPE ? 1 : group->shape.low;
}

/* --- claims --- */

static uint32_t claim_page(const struct catalog *catalog, uint64_t key)
{
	const struct catalog_header *header = &catalog->file.header;
	return header->record_pages + (uint32_t)(((key >> 32) * header->claim_pages) >> 32);
}

const struct catalog_record *catalog_claimer(struct catalog *catalog, const struct catalog_claim *claim)
{
	const struct catalog_page *page = catalog_file_page(&catalog->file, record_page(catalog, claim->owner));
	for (uint32_t i = 0; page != NULL && i < page->head.count; i++) {
		const struct catalog_record *record = &page->content.records[i];
		if (record->version == claim->version && catalog_owner(record->name) == claim->owner)
			return record;
	}
	return NULL;
}

static bool is_live(struct catalog *catalog, const struct catalog_claim *claim)
{
	return claim->version == 0 || catalog_claimer(catalog, claim) != NULL;
}

static void drop_dead_claims(struct catalog *catalog, struct catalog_page *page)
{
	uint32_t kept = 0;
	for (uint32_t i = 0; i < page->head.count; i++)
		if (is_live(catalog, &page->content.claims[i]))
			page->content.claims[kept++] = page->content.claims[i];
	page->head.count = kept;
}

static enum catalog_answer add_claim(struct catalog *catalog, struct catalog_claim claim)
{
	uint32_t number = claim_page(catalog, claim.key);
	struct catalog_page *page = catalog_file_page(&catalog->file, number);
	if (page == NULL)
		return CATALOG_BROKEN;
	if (page->head.count == CATALOG_CLAIM_MAX)
		drop_dead_claims(catalog, page);
	if (page->head.count == CATALOG_CLAIM_MAX)
		return break_off(catalog);
	page->content.claims[page->head.count++] = claim;
	catalog_file_touch(&catalog->file, number);
	return CATALOG_FITS;
}

static enum catalog_answer claim_series(
	struct catalog *catalog, struct fingerprint series, const struct catalog_record *record)
{
	const struct catalog_claim wanted = {series.low, catalog_owner(record->name), record->version};
	const struct catalog_page *page = catalog_file_page(&catalog->file, claim_page(catalog, wanted.key));
	for (uint32_t i = 0; page != NULL && i < page->head.count; i++) {
		const struct catalog_claim *claim = &page->content.claims[i];
		if (claim->key == wanted.key && claim->version != 0 && is_live(catalog, claim))
			return CATALOG_UNSURE;
	}
	return add_claim(catalog, wanted);
}

static const struct catalog_claim *find_family(struct catalog *catalog, uint64_t key)
{
	const struct catalog_page *page = catalog_file_page(&catalog->file, claim_page(catalog, key));
	for (uint32_t i = 0; page != NULL && i < page->head.count; i++) {
		const struct catalog_claim *claim = &page->content.claims[i];
		if (claim->key == key && claim->version == 0)
			return claim;
	}
	return NULL;
}

bool catalog_has_claim(struct catalog *catalog, struct catalog_claim wanted)
{
	const struct catalog_page *page = catalog_file_page(&catalog->file, claim_page(catalog, wanted.key));
	for (uint32_t i = 0; page != NULL && i < page->head.count; i++) {
		const struct catalog_claim *claim = &page->content.claims[i];
		if (claim->key == wanted.key && claim->owner == wanted.owner && claim->version == wanted.version)
			return true;
	}
	return false;
}

/* What consistency_check_block() asks with. */
struct asker {
	struct catalog *catalog;
	const struct group *group;
};

static bool find_holder(void *context, struct slice name, struct holder *holder)
{
	const struct asker *asker = context;
	const struct catalog_claim *claim = find_family(asker->catalog, hash_name(name));
	if (claim != NULL && claim->owner > METRIC_HISTOGRAM)
		asker->catalog->file.broken = true;
	if (claim == NULL || asker->catalog->file.broken)
		return false;
	/* Whose it is is not known, and the message is not for anybody. */
	*holder = (struct holder){(enum metric_type)claim->owner, asker->group};
	return true;
}

static enum catalog_answer claim_block(struct catalog *catalog, const struct group *group, const struct block *block,
	const struct catalog_record *record)
{
	struct error unused;
	struct asker asker = {catalog, group};
	if (consistency_check_block(group, block, find_holder, &asker, &unused) == -1)
		return CATALOG_UNSURE;
	uint64_t key = hash_name(block->name);
	enum catalog_answer answer = CATALOG_FITS;
	if (find_family(catalog, key) == NULL)
		answer = add_claim(catalog, (struct catalog_claim){key, block->type, 0});
	struct canonical_series series;
	canonical_series_init(&series, block->samples, block->name, block->type);
	while (answer == CATALOG_FITS && canonical_series_next(&series))
		answer = claim_series(catalog, canonical_series_fingerprint(&series), record);
	return answer;
}

/* --- groups --- */

void catalog_note_expiry(struct catalog *catalog, const struct group *group)
{
	struct catalog_header *header = &catalog->file.header;
	int64_t expires = group_expires(group);
	if (group->ttl != 0 && (header->first_expiry == 0 || expires < header->first_expiry))
		header->first_expiry = expires;
}

bool catalog_has_expired(const struct catalog *catalog, int64_t now)
{
	return catalog->file.header.first_expiry != 0 && catalog->file.header.first_expiry <= now;
}

enum catalog_answer catalog_put(struct catalog *catalog, const struct group *group)
{
	struct error unused;
	uint32_t number;
	struct catalog_header *header = &catalog->file.header;
	uint64_t shape = catalog_shape(group);
	struct catalog_record *record = get_record(catalog, group->key.file, &number);
	if (record == NULL || header->last_version == UINT32_MAX || group->series_count > UINT32_MAX)
		return break_off(catalog);
	record->modified = CATALOG_RACY;
	catalog_file_touch(&catalog->file, number);
	catalog_note_expiry(catalog, group);
	bool same = record->shape == shape;
	if (!same) {
		catalog_retire(catalog, record, number);
		record->shape = shape;
		record->version = ++header->last_version;
		record->series = (uint32_t)group->series_count;
		header->series += record->series;
	}
	if (consistency_check_size(header->groups, header->series, &catalog->limits, &unused) == -1)
		return CATALOG_UNSURE;
	for (size_t i = 0; !same && i < group->block_count; i++) {
		enum catalog_answer answer = claim_block(catalog, group, &group->blocks[i], record);
		if (answer != CATALOG_FITS)
			return answer;
	}
	return catalog->file.broken ? CATALOG_BROKEN : CATALOG_FITS;
}

enum catalog_answer catalog_put_malformed(struct catalog *catalog, struct slice file)
{
	uint32_t number;
	struct catalog_record *record = get_record(catalog, file, &number);
	if (record == NULL)
		return break_off(catalog);
	catalog_retire(catalog, record, number);
	return CATALOG_FITS;
}
