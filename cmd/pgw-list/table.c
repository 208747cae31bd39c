#include "table.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "age.h"
#include "text.h"

#define CELL_MAX 65536

#define BOLD  "\033[1m"
#define RED   "\033[31m"
#define PLAIN "\033[m"

enum column { JOB, LABELS, PUSHED, FAILED, FAMILIES, SERIES, BYTES, TTL, COLUMNS };

static const struct {
	const char *title;
	bool is_number; /* aligned to the right */
} columns[COLUMNS] = {
	[JOB] = {"JOB", false},
	[LABELS] = {"LABELS", false},
	[PUSHED] = {"PUSHED", true},
	[FAILED] = {"FAILED", true},
	[FAMILIES] = {"FAMILIES", true},
	[SERIES] = {"SERIES", true},
	[BYTES] = {"BYTES", true},
	[TTL] = {"TTL", true},
};

struct row {
	char *cells[COLUMNS];
	bool alarm;
};

/* --- cells --- */

static char *format_since(int64_t then, int64_t now, const char *never)
{
	char text[AGE_TEXT_SIZE];
	if (then == 0)
		return strdup(never);
	age_format(now - then, text);
	return strdup(text);
}

/* INT64_MAX where it has no end. */
static int64_t end_of(const struct group_row *group)
{
	return group->ttl == 0 ? INT64_MAX : group_row_last_push(group) + group->ttl;
}

static char *format_rest(int64_t end, int64_t now)
{
	char text[AGE_TEXT_SIZE];
	if (end == INT64_MAX)
		return strdup("-");
	age_format(end - now, text);
	return strdup(text);
}

static char *format_number(size_t number)
{
	char *text;
	if (number == GROUP_LIST_UNKNOWN)
		return strdup("-");
	return asprintf(&text, "%zu", number) == -1 ? NULL : text;
}

/* In quotes only where that changes or ends something. */
static struct quoted quote_if_needed(struct slice text)
{
	struct quoted quoted = quote(text);
	if (strlen(quoted.text) == text.len + 2 && memchr(text.data, ' ', text.len) == NULL) {
		memcpy(quoted.text, text.data, text.len);
		quoted.text[text.len] = '\0';
	}
	return quoted;
}

static char *format_labels(const struct grouping_key *key)
{
	struct buffer text;
	buffer_init(&text, CELL_MAX);
	int result = 0;
	for (size_t i = 0; i < key->count && result == 0; i++) {
		const struct label *label = &key->labels[i];
		const char *comma = text.len > 0 ? "," : "";
		struct quoted value = quote(label->value);
		if (slice_is(label->name, "job"))
			continue;
		if (label_name_valid(label->name))
			result = buffer_printf(&text, "%s%.*s=%s", comma, SLICE_PRINTF(label->name), value.text);
		else
			result = buffer_printf(&text, "%s%s=%s", comma, quote(label->name).text, value.text);
	}
	/* A cell that would be too long even so ends where it is full. */
	if (result == -1 && errno != EMSGSIZE) {
		buffer_release(&text);
		return NULL;
	}
	char *cell = text.len > 0 ? strndup(text.data, text.len) : strdup("-");
	buffer_release(&text);
	return cell;
}

static void row_release(struct row *row)
{
	for (size_t i = 0; i < COLUMNS; i++)
		free(row->cells[i]);
}

static int row_init(struct row *row, const struct group_row *group, int64_t now)
{
	*row = (struct row){
		.cells =
			{
				[JOB] = strdup(quote_if_needed(grouping_key_value(&group->key, "job")).text),
				[LABELS] = format_labels(&group->key),
				[PUSHED] = format_since(group->push_time, now, "never"),
				[FAILED] = format_since(group->push_failure_time, now, "-"),
				[FAMILIES] = format_number(group->families),
				[SERIES] = format_number(group->series),
				[BYTES] = format_number(group->bytes),
				[TTL] = format_rest(end_of(group), now),
			},
		.alarm = group->push_failure_time > group->push_time,
	};
	for (size_t i = 0; i < COLUMNS; i++)
		if (row->cells[i] == NULL) {
			row_release(row);
			return -1;
		}
	return 0;
}

/* --- lines --- */

/* How many characters a cell takes: bytes that continue a UTF-8 sequence take none. */
static size_t width_of(const char *text)
{
	size_t width = 0;
	for (; *text != '\0'; text++)
		width += ((unsigned char)*text & 0xc0) != 0x80;
	return width;
}

/* A line that is being written. */
struct line {
	FILE *out;
	size_t left; /* characters until it is cut */
};

static void put_blanks(struct line *line, size_t count)
{
	count = count < line->left ? count : line->left;
	fprintf(line->out, "%*s", (int)count, "");
	line->left -= count;
}

static void put_text(struct line *line, const char *text)
{
	size_t bytes = 0;
	while (text[bytes] != '\0' && (line->left > 0 || ((unsigned char)text[bytes] & 0xc0) == 0x80)) {
		line->left -= ((unsigned char)text[bytes] & 0xc0) != 0x80;
		bytes++;
	}
	fwrite(text, 1, bytes, line->out);
}

struct table {
	FILE *out;
	const struct table_style *style;
	size_t widths[COLUMNS];
};

static void print_row(const struct table *table, const char *const cells[COLUMNS], const char *colour, size_t coloured)
{
	struct line line = {table->out, table->style->columns > 0 ? table->style->columns : SIZE_MAX};
	for (size_t i = 0; i < COLUMNS; i++) {
		size_t padding = table->widths[i] - width_of(cells[i]);
		bool colours = table->style->colours && colour != NULL && (coloured == i || coloured == COLUMNS);
		if (columns[i].is_number)
			put_blanks(&line, padding);
		fputs(colours ? colour : "", table->out);
		put_text(&line, cells[i]);
		fputs(colours ? PLAIN : "", table->out);
		if (!columns[i].is_number)
			put_blanks(&line, padding);
		if (i + 1 < COLUMNS)
			put_blanks(&line, 2);
	}
	fputs(table->style->line_end, table->out);
}

static void print_rows(FILE *out, const struct row *rows, size_t count, const struct table_style *style)
{
	const char *titles[COLUMNS];
	struct table table = {.out = out, .style = style};
	for (size_t i = 0; i < COLUMNS; i++) {
		titles[i] = columns[i].title;
		table.widths[i] = strlen(titles[i]);
		for (size_t j = 0; j < count; j++) {
			size_t width = width_of(rows[j].cells[i]);
			table.widths[i] = width > table.widths[i] ? width : table.widths[i];
		}
	}
	print_row(&table, titles, BOLD, COLUMNS);
	for (size_t j = 0; j < count; j++)
		print_row(&table, (const char *const *)rows[j].cells, rows[j].alarm ? RED : NULL, FAILED);
}

int table_print(FILE *out, const struct group_row *groups, size_t count, int64_t now, const struct table_style *style,
	struct error *error)
{
	/* The last line says how many more there are. */
	size_t room = style->lines == 0 ? SIZE_MAX : style->lines > 2 ? style->lines - 2 : 1;
	size_t shown = count <= room || (style->lines > 0 && count == room + 1) ? count : room, made = 0;
	struct row *rows = calloc(shown + 1, sizeof(*rows));
	if (rows == NULL)
		return error_set_memory(error);
	while (made < shown && row_init(&rows[made], &groups[made], now) == 0)
		made++;
	if (made == shown)
		print_rows(out, rows, shown, style);
	if (made == shown && shown < count)
		fprintf(out, "and %zu more%s", count - shown, style->line_end);
	for (size_t i = 0; i < made; i++)
		row_release(&rows[i]);
	free(rows);
	return made == shown ? 0 : error_set_memory(error);
}

/* --- order --- */

/* A row as far as it is compared. A time that never was is longest ago. */
struct sort_key {
	const struct group_row *group;
	char *text; /* or NULL */
	uint64_t number;
	size_t place;
};

static uint64_t number_of(const struct group_row *group, enum column column)
{
	switch (column) {
	case PUSHED:
		return UINT64_MAX - (uint64_t)group->push_time;
	case FAILED:
		return UINT64_MAX - (uint64_t)group->push_failure_time;
	case FAMILIES:
		return group->families;
	case SERIES:
		return group->series;
	case BYTES:
		return group->bytes;
	case TTL:
		return (uint64_t)end_of(group);
	case JOB:
	case LABELS:
	case COLUMNS:
		break;
	}
	return 0;
}

static int sort_key_init(struct sort_key *key, const struct group_row *group, enum column column, size_t place)
{
	bool is_text = !columns[column].is_number;
	*key = (struct sort_key){.group = group, .number = number_of(group, column), .place = place};
	struct slice job = grouping_key_value(&group->key, "job");
	if (column == JOB)
		key->text = strndup(job.data, job.len);
	else if (column == LABELS)
		key->text = format_labels(&group->key);
	return is_text && key->text == NULL ? -1 : 0;
}

static int compare_keys(const void *a, const void *b)
{
	const struct sort_key *left = a, *right = b;
	if (left->text != NULL)
		return strcmp(left->text, right->text);
	return (left->number > right->number) - (left->number < right->number);
}

static int compare_forward(const void *a, const void *b)
{
	const struct sort_key *left = a, *right = b;
	int order = compare_keys(a, b);
	return order != 0 ? order : (left->place > right->place) - (left->place < right->place);
}

static int compare_backward(const void *a, const void *b)
{
	const struct sort_key *left = a, *right = b;
	int order = compare_keys(b, a);
	return order != 0 ? order : (left->place > right->place) - (left->place < right->place);
}

static int find_column(const char *name, enum column *column, struct error *error)
{
	for (size_t i = 0; i < COLUMNS; i++) {
		if (strcasecmp(name, columns[i].title) != 0)
			continue;
		*column = (enum column)i;
		return 0;
	}
	return error_set(error, ERROR_USAGE, "--sort: %s: not a column of the table", quote(slice_of(name)).text);
}

int table_check_column(const char *column, struct error *error)
{
	enum column unused;
	return find_column(column, &unused, error);
}

/* Puts copies of the groups in the order of the keys. */
static int reorder(struct group_row *groups, const struct sort_key *keys, size_t count)
{
	struct group_row *sorted = calloc(count + 1, sizeof(*sorted));
	if (sorted == NULL)
		return -1;
	for (size_t i = 0; i < count; i++)
		sorted[i] = *keys[i].group;
	memcpy(groups, sorted, count * sizeof(*sorted));
	free(sorted);
	return 0;
}

int table_sort(struct group_row *groups, size_t count, const char *column, bool reverse, struct error *error)
{
	enum column found = JOB;
	size_t made = 0;
	if (find_column(column, &found, error) == -1)
		return -1;
	struct sort_key *keys = calloc(count + 1, sizeof(*keys));
	if (keys == NULL)
		return error_set_memory(error);
	while (made < count && sort_key_init(&keys[made], &groups[made], found, made) == 0)
		made++;
	int result = made == count ? 0 : -1;
	if (result == 0) {
		qsort(keys, count, sizeof(*keys), reverse ? compare_backward : compare_forward);
		result = reorder(groups, keys, count);
	}
	for (size_t i = 0; i < made; i++)
		free(keys[i].text);
	free(keys);
	return result == 0 ? 0 : error_set_memory(error);
}
