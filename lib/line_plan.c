#include "line_plan.h"

void line_plan_init(struct line_plan *plan)
{
	*plan = (struct line_plan){0};
	buffer_init(&plan->fixed, SIZE_MAX / 2);
}

void line_plan_release(struct line_plan *plan)
{
	buffer_release(&plan->fixed);
}

/* Whether a label stands right behind another in the input. */
static bool follows(const struct label *label, const struct label *before)
{
	const char *end = before->value.data + before->value.len;
	return label->name.data == end + strlen("\",") && end[1] == ',';
}

static int append_label_start(struct buffer *fixed, const struct label *label)
{
	return buffer_append_slice(fixed, label->name) == -1 ? -1 : buffer_append_string(fixed, "=\"");
}

static int add_run(struct line_plan *plan, const struct line_label *label, size_t *written)
{
	bool named = label_is_written(&label->label);
	if (!named && append_label_start(&plan->fixed, &label->label) == -1)
		return -1;
	plan->runs[plan->run_count++] = (struct plan_run){label->own, label->own, named, plan->fixed.len - *written};
	*written = plan->fixed.len;
	return 0;
}

/* Finds the first and the last of a metric's labels in the input. */
static void find_ends(struct line_plan *plan, const struct line_label *labels, size_t count)
{
	const char *first = NULL, *last = NULL;
	for (size_t i = 0; i < count; i++) {
		const struct line_label *label = &labels[i];
		if (label->own == LABEL_OF_KEY)
			continue;
		if (first == NULL || label->label.name.data < first) {
			first = label->label.name.data;
			plan->first = label->own;
		}
		if (last == NULL || label->label.name.data > last) {
			last = label->label.name.data;
			plan->last = label->own;
		}
	}
}

int line_plan_make(struct line_plan *plan, struct slice start, const struct line_label *labels, size_t count)
{
	struct buffer *fixed = &plan->fixed;
	size_t written = 0;
	buffer_clear(fixed);
	plan->run_count = 0;
	find_ends(plan, labels, count);
	if (buffer_append(fixed, start.data, count == 0 ? start.len - 1 : start.len) == -1)
		return -1;
	for (size_t i = 0; i < count; i++) {
		const struct line_label *label = &labels[i];
		bool own = label->own != LABEL_OF_KEY;
		if (i > 0 && own && labels[i - 1].own != LABEL_OF_KEY && label_is_written(&label->label) &&
			follows(&label->label, &labels[i - 1].label)) {
			plan->runs[plan->run_count - 1].last = label->own;
			continue;
		}
		if (i > 0 && buffer_append_string(fixed, "\",") == -1)
			return -1;
		if (own ? add_run(plan, label, &written) == -1
			: append_label_start(fixed, &label->label) == -1 ||
					buffer_append_slice(fixed, label->label.value) == -1)
			return -1;
	}
	if (buffer_append_string(fixed, count == 0 ? " " : "\"} ") == -1)
		return -1;
	plan->tail = fixed->len - written;
	return buffer_reserve(fixed, LINE_PLAN_SLACK);
}

static struct slice run_text(const struct plan_run *run, const struct label *own)
{
	const char *start = run->named ? own[run->first].name.data : own[run->first].value.data;
	const struct slice *last = &own[run->last].value;
	return slice_make(start, (size_t)(last->data + last->len - start));
}

/* In steps of a fixed size, which are quicker than a call; both sides have the slack. */
static char *put_steps(char *to, struct slice text)
{
	for (size_t i = 0; i < text.len; i += LINE_PLAN_SLACK)
		memcpy(to + i, text.data + i, LINE_PLAN_SLACK);
	return to + text.len;
}

char *line_plan_write(const struct line_plan *plan, const struct label *own, char *to)
{
	const char *fixed = plan->fixed.data;
	for (uint32_t i = 0; i < plan->run_count; i++) {
		const struct plan_run *run = &plan->runs[i];
		to = put_steps(to, slice_make(fixed, run->before));
		to = put_steps(to, run_text(run, own));
		fixed += run->before;
	}
	return put_steps(to, slice_make(fixed, plan->tail));
}
