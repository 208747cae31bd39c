#include "page.h"

#include <errno.h>
#include <sha2.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base64.h"
#include "canonical.h"
#include "group.h"
#include "html.h"
#include "path.h"
#include "percent.h"
#include "request.h"
#include "settings.h"
#include "text.h"

/* Longer keys, HELP texts and lines are cut, so that one of them doesn't fill the page. */
#define KEY_MAX	 1000
#define HELP_MAX 1000
#define TEXT_MAX 4000

/* What fits into the first line of a request; beyond it there is no button and no link. */
#define LINK_MAX 16384

/* The limits above and whatever the last line adds. */
#define PAGE_MAX (64u << 20)

#define POLICY_MAX 1024

static const char style[] =
#include "page.css.h"
	;
static const char script[] =
#include "page.js.h"
	;

/* Text up to a length, not inside of a character. */
static void append_cut(struct html *html, struct slice text, size_t max)
{
	size_t len = text.len;
	if (len > max)
		for (len = max; len > 0 && ((unsigned char)text.data[len] & 0xc0) == 0x80; len--)
			;
	html_text(html, slice_make(text.data, len));
	if (len < text.len)
		html_markup(html, "\u2026");
}

static void append_time(struct html *html, int64_t nanoseconds)
{
	time_t seconds = nanoseconds / CLOCK_SECOND;
	struct tm fields;
	char text[64];
	gmtime_r(&seconds, &fields);
	strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S UTC", &fields);
	html_text(html, slice_of(text));
}

static void append_number(struct html *html, const char *before, size_t number, const char *after)
{
	char text[24];
	snprintf(text, sizeof(text), "%zu", number);
	html_markup(html, before);
	html_markup(html, text);
	html_markup(html, after);
}

/* The samples as they stand in a scrape, while there is room. */
static void append_samples(struct html *html, struct slice samples)
{
	static const struct slice native = SLICE_LITERAL(CANONICAL_NATIVE);
	bool more_in_protobuf = false;
	html_markup(html, "<pre>");
	while (samples.len > 0 && html->out->len < PAGE_SAMPLES_MAX) {
		const char *end = memchr(samples.data, '\n', samples.len);
		struct slice line = slice_make(samples.data, end == NULL ? samples.len : (size_t)(end - samples.data));
		size_t used = end == NULL ? line.len : line.len + 1;
		samples = slice_make(samples.data + used, samples.len - used);
		if (slice_has_prefix(line, native)) {
			more_in_protobuf = true;
			continue;
		}
		append_cut(html, line, TEXT_MAX);
		html_markup(html, "\n");
	}
	html_markup(html, "</pre>\n");
	if (more_in_protobuf)
		html_markup(html, "<p><small>This family has more that only protobuf can hold.</small></p>\n");
	if (samples.len > 0)
		html_markup(html, "<p><strong>There are more samples than fit here.</strong></p>\n");
}

static void append_family(struct html *html, const struct block *block, struct buffer *scratch)
{
	html_markup(html, "<details><summary><code>");
	html_text(html, block->name);
	html_markup(html, "</code> ");
	html_markup(html, metric_type_names[block->type]);
	if (block->help.len > 0) {
		buffer_clear(scratch);
		if (text_unescape(scratch, block->help) == -1)
			html->failed = errno;
		html_markup(html, " <small dir=\"auto\">");
		append_cut(html, buffer_slice(scratch), HELP_MAX);
		html_markup(html, "</small>");
	}
	if (block->pushed > 0) {
		html_markup(html, " <small>");
		append_time(html, block->pushed);
		html_markup(html, "</small>");
	}
	html_markup(html, "</summary>\n");
	append_samples(html, block->samples);
	html_markup(html, "</details>\n");
}

static void append_families(struct html *html, const struct group *group, struct buffer *scratch)
{
	size_t shown = 0;
	while (shown < group->block_count && html->out->len < PAGE_SAMPLES_MAX)
		append_family(html, &group->blocks[shown++], scratch);
	if (shown < group->block_count)
		append_number(html, "<p><strong>There are ", group->block_count - shown,
			" more families, which don't fit here.</strong></p>\n");
}

/* A button that sends a request; none where the path is too long for one. */
static void append_delete_button(struct html *html, const struct grouping_key *key)
{
	struct buffer path;
	buffer_init(&path, LINK_MAX);
	if (buffer_append_string(&path, "metrics") == 0 && grouping_key_append_path(key, &path) == 0) {
		html_markup(html, "<button type=\"button\" data-method=\"DELETE\" data-path=\"");
		html_text(html, buffer_slice(&path));
		html_markup(html, "\">Delete</button>\n");
	} else if (errno != EMSGSIZE) {
		html->failed = errno;
	}
	buffer_release(&path);
}

/* The key and how the last pushes went. */
static void append_heading(struct html *html, const struct group *group, const char *reason)
{
	html_markup(html, "<code>");
	append_cut(html, group->key.text, KEY_MAX);
	html_markup(html, "</code> <small>pushed ");
	if (group->push_time > 0)
		append_time(html, group->push_time);
	else
		html_markup(html, "never");
	if (group->push_failure_time > 0) {
		html_markup(html, ", refused ");
		append_time(html, group->push_failure_time);
	}
	html_markup(html, "</small>");
	if (group->push_failure_time > group->push_time)
		html_markup(html, " <strong>The last push was refused.</strong>");
	if (reason != NULL) {
		html_markup(html, " <strong>Left out of scrapes: ");
		append_cut(html, slice_of(reason), TEXT_MAX);
		html_markup(html, "</strong>");
	}
}

/* A link to the page with this group alone. */
static void append_link(struct html *html, const struct group *group, struct buffer *scratch)
{
	buffer_clear(scratch);
	if (percent_encode(scratch, group->key.text, "") == -1)
		html->failed = errno;
	else if (scratch->len <= LINK_MAX) {
		html_markup(html, " <a href=\"./?filter=");
		html_text(html, buffer_slice(scratch));
		html_markup(html, "\">show</a>");
	}
}

static void append_group(struct html *html, const struct group *group, const char *reason, struct buffer *scratch)
{
	bool whole = html->out->len < PAGE_SAMPLES_MAX;
	html_markup(html, "<li class=\"group\">");
	append_delete_button(html, &group->key);
	html_markup(html, whole ? "<details><summary>" : "<div>");
	append_heading(html, group, reason);
	if (whole) {
		html_markup(html, "</summary>\n");
		append_families(html, group, scratch);
	} else {
		append_link(html, group, scratch);
	}
	html_markup(html, whole ? "</details></li>\n" : "</div></li>\n");
}

/* A file that is left out and has no group. */
static void append_file(struct html *html, const char *file, const char *reason)
{
	html_markup(html, "<li class=\"group\"><div><code>");
	append_cut(html, slice_of(file), KEY_MAX);
	html_markup(html, "</code> <strong>Left out: ");
	append_cut(html, slice_of(reason), TEXT_MAX);
	html_markup(html, "</strong></div></li>\n");
}

/* The groups of a page. */
struct list {
	struct html *html;
	struct slice filter;
	struct buffer scratch;
	size_t shown;
	size_t hidden;
};

/* Whether a group of that key is to be written; one that is wanted is counted. */
static bool list_takes(struct list *list, struct slice key)
{
	struct slice filter = list->filter;
	if (filter.len > 0 && memmem(key.data, key.len, filter.data, filter.len) == NULL)
		return false;
	bool fits = list->html->out->len < PAGE_GROUPS_MAX;
	list->shown += fits;
	list->hidden += !fits;
	return fits;
}

/* What is left out comes first: somebody must look after it. */
static void list_append(struct list *list, const struct view *view)
{
	const struct group *group;
	const void *cursor = NULL;
	const char *file, *reason;
	while (view_next_rejected(view, &cursor, &file, &reason)) {
		group = view_stored_group(view, slice_of(file));
		if (!list_takes(list, group == NULL ? slice_of(file) : group->key.text))
			continue;
		if (group == NULL)
			append_file(list->html, file, reason);
		else
			append_group(list->html, group, reason, &list->scratch);
	}
	for (group = view_next(view, NULL); group != NULL; group = view_next(view, group))
		if (list_takes(list, group->key.text))
			append_group(list->html, group, NULL, &list->scratch);
}

static void append_groups(struct html *html, const struct view *view, struct slice filter)
{
	struct list list = {.html = html, .filter = filter};
	buffer_init(&list.scratch, PAGE_MAX);
	html_markup(html, "<ul>\n");
	list_append(&list, view);
	html_markup(html, "</ul>\n");
	if (list.hidden > 0)
		append_number(html, "<p><strong>There are ", list.hidden,
			" more groups, which don't fit here: search for some.</strong></p>\n");
	if (list.shown == 0)
		html_markup(html, filter.len > 0 ? "<p>No group has this in its labels.</p>\n"
						 : "<p>There are no groups yet.</p>\n");
	buffer_release(&list.scratch);
}

static void append_search(struct html *html, struct slice filter)
{
	html_markup(html, "<form action=\"./\">\n"
			  "<input type=\"search\" name=\"filter\" aria-label=\"Part of the labels of a group\" "
			  "placeholder=\"job=&#34;backup&#34;\" value=\"");
	html_text(html, filter);
	html_markup(html, "\">\n<button>Search</button>\n</form>\n");
}

static void append_wipe_button(struct html *html, size_t groups)
{
	append_number(html,
		"<p><button type=\"button\" data-method=\"PUT\" data-path=\"api/v1/admin/wipe\">Delete all ", groups,
		" groups</button></p>\n");
}

/* The path of scrapes from the folder of the page. */
static void append_telemetry_path(struct html *html, const struct settings *settings)
{
	struct slice path = slice_of(settings->telemetry_path + strlen(settings->route_prefix)), nothing = {0};
	struct buffer encoded;
	buffer_init(&encoded, PAGE_MAX);
	if (path_append_location(&encoded, path, nothing) == -1)
		html->failed = errno;
	html_markup(html, ".");
	html_text(html, buffer_slice(&encoded));
	buffer_release(&encoded);
}

static void begin_page(struct html *html, struct buffer *out, const struct settings *settings)
{
	buffer_init(out, PAGE_MAX);
	html_init(html, out);
	html_markup(html, "<!DOCTYPE html>\n"
			  "<html lang=\"en\">\n"
			  "<head>\n"
			  "<meta charset=\"utf-8\">\n"
			  "<meta name=\"viewport\" content=\"width=device-width\">\n"
			  "<meta name=\"robots\" content=\"noindex, nofollow\">\n"
			  "<title>Pushgateway</title>\n"
			  "<link rel=\"icon\" href=\"data:,\">\n"
			  "<style>");
	html_markup(html, style);
	html_markup(html, "</style>\n"
			  "</head>\n"
			  "<body>\n"
			  "<header>\n"
			  "<h1>Pushgateway</h1>\n"
			  "<nav><a href=\"./\">Groups</a> <a href=\"status\">Status</a> <a href=\"");
	append_telemetry_path(html, settings);
	html_markup(html, "\">Metrics</a> <a href=\"api/v1/metrics\">JSON</a></nav>\n</header>\n<main>\n");
}

/* Appends the hash of a text as a source in a Content-Security-Policy (CSP level 3, section 2.3.1). 0, or -1 with
 * errno. */
static int append_hash(struct buffer *policy, const char *directive, const char *text)
{
	SHA2_CTX context;
	uint8_t digest[SHA256_DIGEST_LENGTH];
	SHA256Init(&context);
	SHA256Update(&context, (const uint8_t *)text, strlen(text));
	SHA256Final(digest, &context);
	return buffer_printf(policy, "; %s 'sha256-", directive) == -1 ||
			       base64_append(policy, slice_make((const char *)digest, sizeof(digest))) == -1 ||
			       buffer_append_string(policy, "='") == -1
		       ? -1
		       : 0;
}

static int append_policy(struct buffer *policy)
{
	return buffer_append_string(policy, "default-src 'none'; base-uri 'none'; connect-src 'self'; "
					    "form-action 'self'; frame-ancestors 'none'; img-src data:") == -1 ||
			       append_hash(policy, "script-src", script) == -1 ||
			       append_hash(policy, "style-src", style) == -1 || buffer_append_byte(policy, '\0') == -1
		       ? -1
		       : 0;
}

static void finish_page(struct request *request, struct html *html, struct buffer *out)
{
	struct buffer policy;
	struct error error;
	buffer_init(&policy, POLICY_MAX);
	html_markup(html, "</main>\n<script>");
	html_markup(html, script);
	html_markup(html, "</script>\n</body>\n</html>\n");
	if (html_finish(html) == -1 || append_policy(&policy) == -1) {
		error_set_memory(&error);
		request_answer_error(request, &error);
	} else {
		request_answer_buffer(request, MHD_HTTP_OK, "text/html; charset=utf-8", out);
		request_add_header(request, "Content-Security-Policy", policy.data);
		request_add_header(request, "X-Content-Type-Options", "nosniff");
		request_add_header(request, "Referrer-Policy", "no-referrer");
		request_add_header(request, MHD_HTTP_HEADER_CACHE_CONTROL, "no-store");
	}
	buffer_release(&policy);
	buffer_release(out);
}

/* Takes notice of the spool, or answers. */
static bool is_ready(struct request *request)
{
	struct error error;
	if (!service_takes_answer(request->service))
		request_answer_text(request, MHD_HTTP_SERVICE_UNAVAILABLE, "too many scrapes at a time; try again");
	else if (service_refresh(request->service, &error) == -1)
		request_answer_text(request, MHD_HTTP_INTERNAL_SERVER_ERROR, "%s", error.message);
	return request->response == NULL && !request->end_connection;
}

/* Appends the parameter of the search, as a form sends it: "+" is a blank. 0, or -1 with errno. */
static int read_filter(struct request *request, struct buffer *filter)
{
	static const struct slice name = SLICE_LITERAL("filter=");
	const char *value = NULL;
	for (const char *at = strchr(request->target, '?'); at != NULL && value == NULL; at = strchr(at, '&')) {
		at++;
		if (slice_has_prefix(slice_of(at), name))
			value = at + name.len;
	}
	if (value == NULL)
		return 0;
	struct buffer encoded;
	buffer_init(&encoded, REQUEST_TARGET_MAX);
	int result = buffer_append(&encoded, value, strcspn(value, "&"));
	for (size_t i = 0; i < encoded.len; i++)
		if (encoded.data[i] == '+')
			encoded.data[i] = ' ';
	if (result == 0)
		result = percent_decode(filter, buffer_slice(&encoded));
	buffer_release(&encoded);
	return result;
}

void page_handle_groups(struct request *request)
{
	const struct view *view = request->service->store.view;
	struct html html;
	struct buffer out, filter;
	if (!is_ready(request))
		return;
	buffer_init(&filter, REQUEST_TARGET_MAX);
	if (read_filter(request, &filter) == -1) {
		request_answer_text(request, MHD_HTTP_BAD_REQUEST, "invalid percent-encoding in the URL");
		buffer_release(&filter);
		return;
	}
	struct view_counts counts = view_counts(view);
	begin_page(&html, &out, request->service->settings);
	append_search(&html, buffer_slice(&filter));
	append_number(&html, "<p>", counts.groups, " groups, ");
	append_number(&html, "", counts.series, " metrics");
	if (counts.rejected > 0)
		append_number(&html, ", <strong>", counts.rejected, " left out</strong>");
	html_markup(&html, ".</p>\n");
	if (request->service->settings->admin_api && counts.groups + counts.rejected > 0)
		append_wipe_button(&html, counts.groups + counts.rejected);
	append_groups(&html, view, buffer_slice(&filter));
	finish_page(request, &html, &out);
	buffer_release(&filter);
}

static int append_row(void *context, const char *name, struct slice value)
{
	struct html *html = context;
	html_markup(html, "<tr><th scope=\"row\">");
	html_text(html, slice_of(name));
	html_markup(html, "</th><td>");
	html_text(html, value);
	html_markup(html, "</td></tr>\n");
	return 0;
}

static void append_runtime(struct html *html, const struct service *service)
{
	struct view_counts counts = view_counts(service->store.view);
	const struct {
		const char *name;
		size_t value;
	} numbers[] = {
		{"Groups", counts.groups},
		{"Metrics", counts.series},
		{"Bytes of all groups", counts.bytes},
		{"Files left out", counts.rejected},
	};
	html_markup(html, "<h2>Runtime</h2>\n<table>\n<tr><th scope=\"row\">Started</th><td>");
	append_time(html, service->start_time);
	html_markup(html, "</td></tr>\n");
	append_row(html, "Spool", slice_of(service->settings->spool));
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		char text[24];
		snprintf(text, sizeof(text), "%zu", numbers[i].value);
		append_row(html, numbers[i].name, slice_of(text));
	}
	html_markup(html, "</table>\n");
}

void page_handle_status(struct request *request)
{
	struct html html;
	struct buffer out;
	if (!is_ready(request))
		return;
	begin_page(&html, &out, request->service->settings);
	append_runtime(&html, request->service);
	html_markup(&html, "<h2>Build</h2>\n<table>\n");
	append_row(&html, "pgw", slice_of(PGW_VERSION));
	append_row(&html, "libmicrohttpd", slice_of(MHD_get_version()));
	html_markup(&html, "</table>\n<h2>Flags</h2>\n<table>\n");
	if (settings_each_flag(request->service->settings, append_row, &html) == -1)
		html.failed = errno;
	html_markup(&html, "</table>\n");
	finish_page(request, &html, &out);
}
