#include "file_sd.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#include "buffer.h"
#include "json_bounds.h"
#include "names.h"
#include "percent.h"
#include "text.h"

#define PATH_PLAIN  "-_.~$&+,/:;=@"
#define QUERY_PLAIN "-_.~"

/* What all targets of a group share. */
struct group {
	struct slice scheme;
	struct slice path;
	struct slice query;
	struct label *labels; /* for the grouping key */
	size_t label_count;
	struct label *parameters; /* of the query */
	size_t parameter_count;
};

struct parse {
	struct file_sd *file_sd;
	const struct limits *limits;
	struct error *error;
};

void file_sd_init(struct file_sd *file_sd)
{
	*file_sd = (struct file_sd){0};
	arena_init(&file_sd->arena);
}

void file_sd_release(struct file_sd *file_sd)
{
	free(file_sd->targets);
	arena_release(&file_sd->arena);
	file_sd_init(file_sd);
}

static int fail(const char *what, struct error *error)
{
	return error_set(error, ERROR_SYNTAX, "%s", what);
}

static struct slice string_of(const json_t *value)
{
	return json_is_string(value) ? slice_make(json_string_value(value), json_string_length(value)) : slice_of("");
}

/* A text that is to outlive the JSON. */
static int copy(struct parse *parse, struct slice text, struct slice *out)
{
	*out = arena_copy(&parse->file_sd->arena, text);
	return out->data == NULL ? error_set_memory(parse->error) : 0;
}

/* A name that starts with "__" never gets into the spool: any will do. */
static bool name_is_proper(struct slice name, bool is_reserved, const struct limits *limits)
{
	return label_name_valid(name) || ((is_reserved || limits->utf8_names) && name_is_utf8(name));
}

static int check_label(const struct parse *parse, struct slice name, struct slice value, bool is_reserved)
{
	const struct limits *limits = parse->limits;
	if (!name_is_proper(name, is_reserved, limits))
		return error_set(parse->error, ERROR_SYNTAX, "improper label name %s", quote(name).text);
	if (name.len > limits->name)
		return error_set(parse->error, ERROR_TOO_LARGE, "label name %s is longer than %zu bytes",
			quote(name).text, limits->name);
	if (value.len > limits->label_value)
		return error_set(parse->error, ERROR_TOO_LARGE, "value of label %s is longer than %zu bytes",
			quote(name).text, limits->label_value);
	return 0;
}

static int set_scheme(struct parse *parse, struct group *group, struct slice value)
{
	if (!slice_is(value, "http") && !slice_is(value, "https"))
		return error_set(
			parse->error, ERROR_SYNTAX, "__scheme__ is %s, neither http nor https", quote(value).text);
	return copy(parse, value, &group->scheme);
}

static int set_path(struct parse *parse, struct group *group, struct slice value)
{
	struct buffer encoded;
	buffer_init(&encoded, 3 * value.len + 1);
	int result = 0;
	if ((value.data[0] != '/' && buffer_append_byte(&encoded, '/') == -1) ||
		percent_encode(&encoded, value, PATH_PLAIN) == -1)
		result = error_set_memory(parse->error);
	if (result == 0)
		result = copy(parse, buffer_slice(&encoded), &group->path);
	buffer_release(&encoded);
	return result;
}

static int add_label(struct parse *parse, struct label *labels, size_t *count, struct slice name, struct slice value)
{
	struct label *label = &labels[*count];
	if (copy(parse, name, &label->name) == -1 || copy(parse, value, &label->value) == -1)
		return -1;
	++*count;
	return 0;
}

static int take_reserved(struct parse *parse, struct group *group, struct slice name, struct slice value)
{
	static const struct slice parameter = SLICE_LITERAL("__param_");
	if (slice_is(name, "__scheme__"))
		return set_scheme(parse, group, value);
	if (slice_is(name, "__metrics_path__"))
		return set_path(parse, group, value);
	if (!slice_has_prefix(name, parameter))
		return 0;
	name = slice_make(name.data + parameter.len, name.len - parameter.len);
	return add_label(parse, group->parameters, &group->parameter_count, name, value);
}

static int take_label(struct parse *parse, struct group *group, struct slice name, struct slice value)
{
	bool is_reserved = label_name_reserved(name);
	if (check_label(parse, name, value, is_reserved) == -1)
		return -1;
	if (value.len == 0)
		return 0;
	if (is_reserved)
		return take_reserved(parse, group, name, value);
	if (group->label_count == parse->limits->labels)
		return error_set(
			parse->error, ERROR_TOO_LARGE, "there are more than %zu labels", parse->limits->labels);
	return add_label(parse, group->labels, &group->label_count, name, value);
}

static int compare_labels(const void *a, const void *b)
{
	return slice_compare(((const struct label *)a)->name, ((const struct label *)b)->name);
}

static int encode_query(const struct group *group, struct buffer *query)
{
	for (size_t i = 0; i < group->parameter_count; i++) {
		const struct label *parameter = &group->parameters[i];
		if ((i > 0 && buffer_append_byte(query, '&') == -1) ||
			percent_encode(query, parameter->name, QUERY_PLAIN) == -1 ||
			buffer_append_byte(query, '=') == -1 ||
			percent_encode(query, parameter->value, QUERY_PLAIN) == -1)
			return -1;
	}
	return 0;
}

static int make_query(struct parse *parse, struct group *group)
{
	struct buffer query;
	buffer_init(&query, 4 * FILE_SD_BYTES_MAX);
	int result = encode_query(group, &query) == -1 ? error_set_memory(parse->error)
						       : copy(parse, buffer_slice(&query), &group->query);
	buffer_release(&query);
	return result;
}

static int take_labels(struct parse *parse, struct group *group, json_t *labels)
{
	const char *name;
	json_t *value;
	size_t count = json_object_size(labels);
	group->labels = arena_alloc(&parse->file_sd->arena, (count + 1) * sizeof(*group->labels));
	group->parameters = arena_alloc(&parse->file_sd->arena, (count + 1) * sizeof(*group->parameters));
	if (group->labels == NULL || group->parameters == NULL)
		return error_set_memory(parse->error);
	json_object_foreach(labels, name, value)
	{
		if (!json_is_string(value) && !json_is_null(value))
			return error_set(parse->error, ERROR_SYNTAX, "the value of label %s is no string",
				quote(slice_of(name)).text);
		if (take_label(parse, group, slice_of(name), string_of(value)) == -1)
			return -1;
	}
	qsort(group->labels, group->label_count, sizeof(*group->labels), compare_labels);
	qsort(group->parameters, group->parameter_count, sizeof(*group->parameters), compare_labels);
	return make_query(parse, group);
}

static int check_address(const struct parse *parse, struct slice address)
{
	if (address.len == 0)
		return fail("a target has no address", parse->error);
	if (address.len > parse->limits->label_value)
		return error_set(parse->error, ERROR_TOO_LARGE, "target %s is longer than %zu bytes",
			quote(address).text, parse->limits->label_value);
	for (size_t i = 0; i < address.len; i++) {
		unsigned char byte = (unsigned char)address.data[i];
		if (byte <= ' ' || byte == 0x7f || strchr("/?#@\\", byte) != NULL)
			return error_set(
				parse->error, ERROR_SYNTAX, "target %s is no HOST or HOST:PORT", quote(address).text);
	}
	return 0;
}

static int reserve_target(struct parse *parse)
{
	struct file_sd *file_sd = parse->file_sd;
	if (file_sd->count == FILE_SD_TARGETS_MAX)
		return error_set(parse->error, ERROR_TOO_LARGE, "there are more than %d targets", FILE_SD_TARGETS_MAX);
	if (file_sd->count < file_sd->capacity)
		return 0;
	size_t capacity = file_sd->capacity == 0 ? 16 : 2 * file_sd->capacity;
	struct file_sd_target *targets = reallocarray(file_sd->targets, capacity, sizeof(*targets));
	if (targets == NULL)
		return error_set_memory(parse->error);
	file_sd->targets = targets;
	file_sd->capacity = capacity;
	return 0;
}

/* A bad URL is to be told of when the file is read, not at the first scrape. */
static int check_url(const struct file_sd_target *target, struct error *error)
{
	struct url url;
	int result = file_sd_url(target, &url, error);
	url_release(&url);
	if (result == -1 && error->kind == ERROR_USAGE)
		error->kind = ERROR_SYNTAX;
	return result;
}

static int add_target(struct parse *parse, const struct group *group, struct slice address)
{
	if (check_address(parse, address) == -1 || reserve_target(parse) == -1)
		return -1;
	struct file_sd_target *target = &parse->file_sd->targets[parse->file_sd->count];
	*target = (struct file_sd_target){
		.scheme = group->scheme,
		.path = group->path,
		.query = group->query,
		.labels = group->labels,
		.label_count = group->label_count,
	};
	if (copy(parse, address, &target->address) == -1 || check_url(target, parse->error) == -1)
		return -1;
	parse->file_sd->count++;
	return 0;
}

static int add_targets(struct parse *parse, const struct group *group, json_t *targets)
{
	size_t i;
	json_t *address;
	json_array_foreach(targets, i, address)
	{
		if (!json_is_string(address) && !json_is_null(address))
			return fail("a target is no string", parse->error);
		if (add_target(parse, group, string_of(address)) == -1)
			return -1;
	}
	return 0;
}

static int add_group(struct parse *parse, json_t *object)
{
	const char *name;
	json_t *member, *targets = NULL, *labels = NULL;
	struct group group = {.scheme = SLICE_LITERAL("http"), .path = SLICE_LITERAL("/metrics")};
	if (!json_is_object(object))
		return fail("it is no object", parse->error);
	json_object_foreach(object, name, member)
	{
		if (strcasecmp(name, "targets") == 0)
			targets = member;
		else if (strcasecmp(name, "labels") == 0)
			labels = member;
		else
			return error_set(parse->error, ERROR_SYNTAX, "unknown key %s", quote(slice_of(name)).text);
	}
	if (targets != NULL && !json_is_array(targets) && !json_is_null(targets))
		return fail("targets is no array", parse->error);
	if (labels != NULL && !json_is_object(labels) && !json_is_null(labels))
		return fail("labels is no object", parse->error);
	return take_labels(parse, &group, labels) == -1 ? -1 : add_targets(parse, &group, targets);
}

static int add_groups(struct parse *parse, json_t *groups)
{
	size_t i;
	json_t *group;
	if (!json_is_array(groups) && !json_is_null(groups))
		return fail("it is no array of groups of targets", parse->error);
	json_array_foreach(groups, i, group)
	{
		if (add_group(parse, group) == -1)
			return error_prefix(parse->error, "group %zu: ", i + 1);
	}
	return 0;
}

static int check_bounds(struct slice text, struct error *error)
{
	switch (json_bounds_check(text, FILE_SD_DEPTH_MAX, FILE_SD_VALUES_MAX)) {
	case JSON_BOUNDS_TOO_DEEP:
		return fail("it is nested too deep", error);
	case JSON_BOUNDS_TOO_MANY:
		return error_set(error, ERROR_TOO_LARGE, "there are more than %d values", FILE_SD_VALUES_MAX);
	case JSON_BOUNDS_KEPT:
		break;
	}
	return 0;
}

/* jansson counts characters, and not from 1: the place is the last byte that it has read. */
static int fail_json(struct slice text, const json_error_t *reason, struct error *error)
{
	unsigned line = 1, column = 0;
	if (json_error_code(reason) == json_error_out_of_memory)
		return error_set_memory(error);
	for (size_t i = 0; i < (size_t)reason->position && i < text.len; i++) {
		bool is_newline = text.data[i] == '\n';
		line += is_newline;
		column = is_newline ? 0 : column + 1;
	}
	return error_set_at(error, ERROR_SYNTAX, line, column > 0 ? column : 1, "%s", reason->text);
}

int file_sd_parse(struct file_sd *file_sd, struct slice text, const struct limits *limits, struct error *error)
{
	struct parse parse = {file_sd, limits, error};
	json_error_t reason;
	if (text.len > FILE_SD_BYTES_MAX)
		return error_set(error, ERROR_TOO_LARGE, "it is larger than %u bytes", FILE_SD_BYTES_MAX);
	if (check_bounds(text, error) == -1)
		return -1;
	/* A value may have a NUL byte, a label's name not. */
	json_t *groups = json_loadb(text.len > 0 ? text.data : "", text.len, JSON_ALLOW_NUL | JSON_DECODE_ANY, &reason);
	if (groups == NULL)
		return fail_json(text, &reason, error);
	int result = add_groups(&parse, groups);
	json_decref(groups);
	return result;
}

static int check_name(struct slice path, struct error *error)
{
	size_t dot = path.len;
	while (dot > 0 && path.data[dot - 1] != '.' && path.data[dot - 1] != '/')
		dot--;
	const char *suffix = path.data + dot;
	if (dot > 0 && suffix[-1] == '.' && strcasecmp(suffix, "json") == 0)
		return 0;
	if (dot > 0 && suffix[-1] == '.' && (strcasecmp(suffix, "yml") == 0 || strcasecmp(suffix, "yaml") == 0))
		return error_set(error, ERROR_USAGE, "%s: YAML is not read, only JSON (.json)", path.data);
	return error_set(error, ERROR_USAGE, "%s: the name of a file of targets must end in .json", path.data);
}

static int read_text(struct file_sd *file_sd, const char *path, struct buffer *text, struct error *error)
{
	int fd;
	struct stat status;
	int found = file_open_regular(AT_FDCWD, path, &fd, &status);
	if (found == -1)
		return error_set(error, ERROR_NO_INPUT, "%s: %s", path, strerror(errno));
	if (found == 0)
		return error_set(error, ERROR_NO_INPUT, "%s: there is no such file", path);
	file_sd->file = file_identify(&status);
	int result = buffer_read_fd(text, fd);
	file_close(fd);
	if (result == 0)
		return 0;
	if (errno == EMSGSIZE || errno == ENOMEM)
		return error_set_growth(error, "%s: it is larger than %zu bytes", path, text->max);
	return error_set(error, ERROR_NO_INPUT, "%s: %s", path, strerror(errno));
}

int file_sd_read(struct file_sd *file_sd, const char *path, const struct limits *limits, struct error *error)
{
	struct buffer text;
	if (check_name(slice_of(path), error) == -1)
		return -1;
	buffer_init(&text, FILE_SD_BYTES_MAX);
	int result = read_text(file_sd, path, &text, error);
	if (result == 0 && file_sd_parse(file_sd, buffer_slice(&text), limits, error) == -1) {
		result = error->line > 0 ? error_prefix(error, "%s:%u:%u: ", path, error->line, error->column)
					 : error_prefix(error, "%s: ", path);
		error->line = error->column = 0;
	}
	buffer_release(&text);
	return result;
}

int file_sd_url(const struct file_sd_target *target, struct url *url, struct error *error)
{
	char *text;
	*url = (struct url){0};
	if (asprintf(&text, "%s://%s%s%s%s", target->scheme.data, target->address.data, target->path.data,
		    target->query.len > 0 ? "?" : "", target->query.data) == -1)
		return error_set_memory(error);
	int result = url_init(url, text, error);
	free(text);
	return result;
}
