/* Whether a catalog says what is in the spool: for tests. */
#include "catalog.h"
#include "catalog_parts.h"

static int differ(struct error *error, const char *what)
{
	return error_set(error, ERROR_INCONSISTENT, "the catalog differs from the group files: %s", what);
}

static int compare_record(struct catalog *catalog, const struct catalog_record *made, struct error *error)
{
	uint32_t number;
	const struct catalog_record *record = catalog_find_name(catalog, made->name, &number);
	if (record == NULL)
		return differ(error, "it misses a file");
	if (record->shape != made->shape || record->series != made->series)
		return differ(error, "a file has other families or series");
	return 0;
}

static int compare_claim(
	struct catalog *catalog, struct catalog *made, const struct catalog_claim *claim, struct error *error)
{
	struct catalog_claim wanted = *claim;
	if (claim->version == 0)
		return catalog_has_claim(catalog, wanted) ? 0 : differ(error, "it misses a family");
	/* The version is another one in each catalog. */
	const struct catalog_record *record = catalog_claimer(made, claim);
	uint32_t number;
	if (record == NULL)
		return 0;
	wanted.version = catalog_find_name(catalog, record->name, &number)->version;
	return catalog_has_claim(catalog, wanted) ? 0 : differ(error, "it misses a series");
}

static int compare_page(struct catalog *catalog, struct catalog *made, uint32_t number, struct error *error)
{
	const struct catalog_page *page = catalog_file_page(&made->file, number);
	bool records = number < made->file.header.record_pages;
	for (uint32_t i = 0; i < page->head.count; i++) {
		if ((records ? compare_record(catalog, &page->content.records[i], error)
			     : compare_claim(catalog, made, &page->content.claims[i], error)) == -1)
			return -1;
	}
	return 0;
}

/* `made` has all its pages in memory. */
static int compare(struct catalog *catalog, struct catalog *made, struct error *error)
{
	const struct catalog_header *a = &catalog->file.header, *b = &made->file.header;
	if (a->groups != b->groups || a->series != b->series)
		return differ(error, "it has another number of files or series");
	for (uint32_t i = 0; i < b->record_pages + b->claim_pages; i++)
		if (compare_page(catalog, made, i, error) == -1)
			return -1;
	return 1;
}

int catalog_compare(struct spool *spool, const struct limits *limits, struct error *error)
{
	int result = 0;
	struct catalog *made = catalog_make(spool, limits);
	struct catalog *catalog = made == NULL ? NULL : catalog_open(spool, limits);
	if (catalog != NULL && catalog_catch_up(catalog) == CATALOG_FITS)
		result = compare(catalog, made, error);
	/* What is not there because it can't be read. */
	if (catalog != NULL && catalog->file.broken)
		result = 0;
	catalog_close(catalog);
	catalog_close(made);
	return result;
}
