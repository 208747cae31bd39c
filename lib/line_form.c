#include "line_form.h"

static bool is_blank(char byte)
{
	return byte == ' ' || byte == '\t';
}

/* Puts a label among the holes, in the order of the line; holes[count] is free. `before` has its value for now. */
static void add_hole(struct line_form *form, struct slice name, struct slice value, uint32_t position)
{
	struct form_hole *hole = &form->holes[form->hole_count++];
	for (; hole > form->holes && hole[-1].before.data > value.data; hole--)
		*hole = hole[-1];
	*hole = (struct form_hole){
		.before = value,
		.name_distance = (uint32_t)(value.data - name.data),
		.name_len = (uint32_t)name.len,
		.position = position,
	};
}

void line_form_learn(struct line_form *form, const char *line, const char *number, const struct label *labels,
	uint32_t label_count, struct slice bound)
{
	form->after.len = 0;
	form->hole_count = 0;
	form->label_count = label_count;
	/* A name alone may be the start of another one. */
	if (label_count + (bound.data != NULL) > FORM_HOLES_MAX || (number[-1] != '}' && !is_blank(number[-1])))
		return;
	for (uint32_t i = 0; i < label_count; i++) {
		/* A name that had escapes is a copy. */
		if (labels[i].name.data < line || labels[i].name.data >= labels[i].value.data)
			return;
		add_hole(form, labels[i].name, labels[i].value, i);
	}
	if (bound.data != NULL)
		add_hole(form, bound, bound, FORM_BOUND);
	const char *at = line;
	for (uint32_t i = 0; i < form->hole_count; i++) {
		struct slice value = form->holes[i].before;
		form->holes[i].before = slice_make(at, (size_t)(value.data - at));
		at = value.data + value.len;
	}
	form->after = slice_make(at, (size_t)(number - at));
}
