#include "targets.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "file_sd.h"
#include "report.h"
#include "scrape.h"

#define LIST_MAX (16u << 20) /* bytes of URLs on standard input */

static int target_compare(const struct target *a, const struct target *b)
{
	return slice_compare(a->key.text, b->key.text);
}

RB_GENERATE(target_tree, target, entry, target_compare)

static void target_free(struct target *target)
{
	url_release(&target->url);
	grouping_key_release(&target->key);
	payload_release(&target->payload);
	free(target);
}

void target_remove(struct target *target)
{
	RB_REMOVE(target_tree, &target->relay->targets, target);
	target->relay->count--;
	target_free(target);
}

static struct target *target_new(struct relay *relay, struct error *error)
{
	struct target *target = calloc(1, sizeof(*target));
	if (target == NULL) {
		error_set_memory(error);
		return NULL;
	}
	target->relay = relay;
	target->order = relay->count;
	grouping_key_init(&target->key);
	scrape_prepare(target);
	return target;
}

static int set_labels(struct grouping_key *to, const struct label *labels, size_t count, struct error *error)
{
	for (size_t i = 0; i < count; i++)
		if (grouping_key_set(to, labels[i].name, labels[i].value, error) == -1)
			return -1;
	return 0;
}

/* HOST:PORT as Prometheus has it, which adds the port that the scheme stands for. */
static int set_instance(struct target *target, struct error *error)
{
	struct slice host = target->url.host;
	const char *bracket = memchr(host.data, ']', host.len);
	const char *from = bracket != NULL ? bracket : host.data;
	bool has_port = memchr(from, ':', (size_t)(host.data + host.len - from)) != NULL;
	const char *port = target->url.is_tls ? ":443" : ":80";
	char *instance;
	if (asprintf(&instance, "%.*s%s", SLICE_PRINTF(host), has_port || target->url.is_unix ? "" : port) == -1)
		return error_set_memory(error);
	int result = grouping_key_set(&target->key, slice_of("instance"), slice_of(instance), error);
	free(instance);
	return result;
}

/* NULL with the error. */
static struct target *target_of_url(struct relay *relay, const char *url, bool instance, struct error *error)
{
	struct target *target = target_new(relay, error);
	if (target == NULL)
		return NULL;
	if (url_init(&target->url, url, error) == 0 &&
		set_labels(&target->key, relay->key.labels, relay->key.count, error) == 0 &&
		(!instance || set_instance(target, error) == 0) &&
		grouping_key_finish(&target->key, &relay->limits, error) == 0)
		return target;
	target_free(target);
	return NULL;
}

/* The labels of the file win over those of the command line. */
static struct target *target_of_file(
	struct relay *relay, const struct target_file *file, const struct file_sd_target *found, struct error *error)
{
	struct target *target = target_new(relay, error);
	if (target == NULL)
		return NULL;
	target->file = file;
	target->listed = true;
	if (file_sd_url(found, &target->url, error) == 0 &&
		set_labels(&target->key, relay->key.labels, relay->key.count, error) == 0 &&
		grouping_key_set(&target->key, slice_of("instance"), found->address, error) == 0 &&
		set_labels(&target->key, found->labels, found->label_count, error) == 0 &&
		grouping_key_finish(&target->key, &relay->limits, error) == 0)
		return target;
	target_free(target);
	return NULL;
}

/* Two targets in one group would overwrite each other. */
static int add_new(struct target *target, struct error *error)
{
	struct relay *relay = target->relay;
	struct target *other = RB_INSERT(target_tree, &relay->targets, target);
	if (other != NULL) {
		error_set(error, ERROR_USAGE, "two URLs would be one group, %s", grouping_key_show(&target->key).text);
		target_free(target);
		return -1;
	}
	relay->count++;
	return 0;
}

static int add_url(struct relay *relay, const char *url, bool instance, struct error *error)
{
	struct target *target = target_of_url(relay, url, instance, error);
	return target == NULL ? -1 : add_new(target, error);
}

/* One URL a line; empty lines and those that begin with # are passed over. */
static int add_lines(struct relay *relay, char *text, struct error *error)
{
	char *line;
	for (size_t number = 1; (line = strsep(&text, "\n")) != NULL; number++) {
		line += strspn(line, " \t\r");
		line[strcspn(line, " \t\r")] = '\0';
		if (*line != '\0' && *line != '#' && add_url(relay, line, true, error) == -1)
			return error_prefix(error, "standard input, line %zu: ", number);
	}
	return 0;
}

static int add_standard_input(struct relay *relay, struct error *error)
{
	struct buffer text;
	buffer_init(&text, LIST_MAX);
	int result = 0;
	if (buffer_read_fd(&text, STDIN_FILENO) == -1)
		result = errno == EMSGSIZE ? error_set(error, ERROR_TOO_LARGE,
						     "standard input: more than %u bytes of URLs", LIST_MAX)
					   : error_set_errno(error, ERROR_NO_INPUT, "standard input");
	else if (buffer_append_byte(&text, '\0') == -1)
		result = error_set_memory(error);
	else
		result = add_lines(relay, text.data, error);
	buffer_release(&text);
	return result;
}

static bool file_state(const char *path, struct file_id *id)
{
	struct stat status;
	if (stat(path, &status) == -1)
		return false;
	*id = file_identify(&status);
	return true;
}

static bool id_equal(const struct file_id *a, const struct file_id *b)
{
	return a->inode == b->inode && a->size == b->size && a->modified == b->modified;
}

static void swap_urls(struct target *a, struct target *b)
{
	struct url url = a->url;
	a->url = b->url;
	b->url = url;
}

/* A target that is listed takes the place of the one that its group had: as one that goes on where it is the same, and
 * as a new one with the old one's history where its URL or its file changed. */
static bool take_listed(struct target *target, struct target_file *file)
{
	struct relay *relay = target->relay;
	struct error error;
	struct target *old = RB_FIND(target_tree, &relay->targets, target);
	if (old == NULL)
		return add_new(target, &error) == 0;
	bool same = strcmp(old->url.text, target->url.text) == 0;
	bool others = old->file != file && !old->gone;
	bool back = old->gone;
	if (others || (old->listed && !same))
		report_note(relay, "%s: two targets would be one group, %s: only the first is scraped", file->path,
			grouping_key_show(&target->key).text);
	else if (!same)
		swap_urls(old, target);
	file->clashes |= others;
	if (!others) {
		old->file = file;
		old->listed = true;
		old->gone = false;
	}
	target_free(target);
	return back && !others;
}

/* Those that their file no longer lists. */
static bool drop_unlisted(struct relay *relay, const struct target_file *file)
{
	struct target *target;
	bool dropped = false;
	RB_FOREACH(target, target_tree, &relay->targets)
	{
		if (target->file != file || target->listed || target->gone)
			continue;
		target->gone = true;
		dropped = true;
	}
	return dropped;
}

/* Makes all targets first, so that a file with a fault changes nothing. */
static int make_listed(struct relay *relay, const struct target_file *file, const struct file_sd *found,
	struct target_queue *listed, struct error *error)
{
	for (size_t i = 0; i < found->count; i++) {
		struct target *target = target_of_file(relay, file, &found->targets[i], error);
		if (target == NULL)
			return error_prefix(error, "%s: target %zu: ", file->path, i + 1);
		STAILQ_INSERT_TAIL(listed, target, next);
	}
	return 0;
}

static int read_file(struct relay *relay, struct target_file *file, bool *changed, struct error *error)
{
	struct file_sd found;
	struct target_queue listed = STAILQ_HEAD_INITIALIZER(listed);
	struct target *target;
	file_sd_init(&found);
	int result = file_sd_read(&found, file->path, &relay->limits, error);
	if (result == 0)
		result = make_listed(relay, file, &found, &listed, error);
	if (result == 0) {
		RB_FOREACH(target, target_tree, &relay->targets)
		target->listed = false;
		file->clashes = false;
	}
	while ((target = STAILQ_FIRST(&listed)) != NULL) {
		STAILQ_REMOVE_HEAD(&listed, next);
		if (result == 0)
			*changed |= take_listed(target, file);
		else
			target_free(target);
	}
	if (result == 0)
		*changed |= drop_unlisted(relay, file);
	file_sd_release(&found);
	return result;
}

static void refresh_file(struct relay *relay, struct target_file *file, bool *changed)
{
	struct error error;
	if (read_file(relay, file, changed, &error) == 0)
		return;
	file->clashes = false;
	report_note(relay, "%s; its targets stay as they are", error.message);
}

bool targets_refresh(struct relay *relay, bool all)
{
	bool changed = false;
	for (struct target_file *file = relay->target_files; file != NULL; file = file->next) {
		struct file_id id = {0};
		bool there = file_state(file->path, &id);
		if (!all && there == file->known && id_equal(&id, &file->id))
			continue;
		file->known = there;
		file->id = id;
		refresh_file(relay, file, &changed);
	}
	/* What went from one file may have come to one that was read before. */
	for (struct target_file *file = relay->target_files; changed && file != NULL; file = file->next)
		if (file->clashes)
			refresh_file(relay, file, &changed);
	return changed;
}

static int add_files(struct relay *relay, struct error *error)
{
	struct target_file **end = &relay->target_files;
	for (size_t i = 0; i < relay->files.count; i++) {
		bool unused = false;
		struct target_file *file = calloc(1, sizeof(*file));
		if (file == NULL)
			return error_set_memory(error);
		*end = file;
		end = &file->next;
		file->path = relay->files.given[i].argument;
		file->known = file_state(file->path, &file->id);
		if (read_file(relay, file, &unused, error) == -1)
			return -1;
	}
	return 0;
}

int targets_init(struct relay *relay, char *operands[], size_t count, struct error *error)
{
	bool several = count > 1 || relay->files.count > 0;
	if (several && grouping_key_value(&relay->key, "instance").data != NULL)
		return error_set(
			error, ERROR_USAGE, "the label instance can't be given for several URLs, each has its own");
	for (size_t i = 0; i < count; i++) {
		int result = strcmp(operands[i], "-") == 0 ? add_standard_input(relay, error)
							   : add_url(relay, operands[i], several, error);
		if (result == -1)
			return -1;
	}
	if (add_files(relay, error) == -1)
		return -1;
	/* Files may fill up later. */
	return relay->count > 0 || (relay->interval > 0 && relay->files.count > 0)
		       ? 0
		       : error_set(error, ERROR_USAGE, "no URL to scrape");
}

void targets_release(struct relay *relay)
{
	struct target *target;
	struct target_file *file;
	while ((target = RB_MIN(target_tree, &relay->targets)) != NULL)
		target_remove(target);
	while ((file = relay->target_files) != NULL) {
		relay->target_files = file->next;
		free(file);
	}
}
