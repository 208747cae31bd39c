#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "html.h"

static void assert_text(struct slice text, const char *expected)
{
	struct buffer out;
	struct html html;
	buffer_init(&out, 1 << 20);
	html_init(&html, &out);
	html_markup(&html, "<b>");
	html_text(&html, text);
	html_markup(&html, "</b>");
	assert_int_equal(html_finish(&html), 0);
	assert_int_equal(out.len, strlen("<b></b>") + strlen(expected));
	assert_memory_equal(out.data, "<b>", 3);
	assert_memory_equal(out.data + 3, expected, strlen(expected));
	assert_memory_equal(out.data + out.len - 4, "</b>", 4);
	buffer_release(&out);
}

static void plain_text_stays(void **state)
{
	assert_text(slice_of(""), "");
	assert_text(slice_make(NULL, 0), "");
	assert_text(slice_of("a {b}\tc\n\\ %`="), "a {b}\tc\n\\ %`=");
	assert_text(slice_of("\u00fc \u20ac \U0001f600"), "\u00fc \u20ac \U0001f600");
}

static void markup_is_escaped(void **state)
{
	assert_text(slice_of("<script>"), "&lt;script&gt;");
	assert_text(slice_of("&amp;"), "&amp;amp;");
	assert_text(slice_of("\" onclick='x'"), "&#34; onclick=&#39;x&#39;");
	assert_text(slice_of("<>&\"'"), "&lt;&gt;&amp;&#34;&#39;");
	assert_text(slice_of("\u00fc<\u00fc"), "\u00fc&lt;\u00fc");
}

static void controls_are_seen(void **state)
{
	assert_text(slice_make("\0", 1), "\u2400");
	assert_text(slice_of("a\rb\x1b[0m"), "a\u240db\u241b[0m");
	assert_text(slice_of("\x01\x1f\x7f"), "\u2401\u241f\u2421");
	assert_text(slice_of("a\xc2\x80\xc2\x9f\xc2\xa0"), "a\ufffd\ufffd\u00a0");
}

static void broken_utf8_is_replaced(void **state)
{
	assert_text(slice_of("a\xff<"), "a\ufffd&lt;");
	assert_text(slice_of("\xc3"), "\ufffd");
	assert_text(slice_of("\xe2\x82<"), "\ufffd\ufffd&lt;");
	assert_text(slice_of("\xed\xa0\x80"), "\ufffd\ufffd\ufffd");
	/* The overlong form of "<". */
	assert_text(slice_of("\xc0\xbc"), "\ufffd\ufffd");
	/* Nothing behind the end is looked at. */
	assert_text(slice_make("\xc3\xbc", 1), "\ufffd");
}

static void the_first_failure_stays(void **state)
{
	struct buffer out;
	struct html html;
	buffer_init(&out, 4);
	html_init(&html, &out);
	html_text(&html, slice_of("abc"));
	html_text(&html, slice_of("<"));
	html_markup(&html, "d");
	errno = 0;
	assert_int_equal(html_finish(&html), -1);
	assert_int_equal(errno, EMSGSIZE);
	assert_int_equal(out.len, 3);
	buffer_release(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(plain_text_stays),
		cmocka_unit_test(markup_is_escaped),
		cmocka_unit_test(controls_are_seen),
		cmocka_unit_test(broken_utf8_is_replaced),
		cmocka_unit_test(the_first_failure_stays),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
