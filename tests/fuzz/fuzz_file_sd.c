/*
 * Fuzz target: a file of targets. Whatever it is, it gives targets with URLs and labels in order, or an error.
 */
#include "file_sd.h"
#include "require.h"

static void check_target(const struct file_sd_target *target)
{
	struct url url;
	struct error error;
	require(file_sd_url(target, &url, &error) == 0, "a target has a URL");
	require(slice_equal(url.host, target->address), "the address is the host");
	require(url.path.data[0] == '/', "the URL has a path");
	require(!url.is_unix && url.is_tls == slice_is(target->scheme, "https"), "the scheme is http or https");
	url_release(&url);
	for (size_t i = 0; i < target->label_count; i++) {
		const struct label *label = &target->labels[i];
		require(label->value.len > 0, "a label has a value");
		require(label_name_valid(label->name) && strncmp(label->name.data, "__", 2) != 0,
			"a label is one for a grouping key");
		require(i == 0 || slice_compare(label[-1].name, label->name) < 0, "they are in order");
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct limits limits = LIMITS_DEFAULT;
	struct file_sd file_sd;
	struct error error;
	file_sd_init(&file_sd);
	int result = file_sd_parse(&file_sd, slice_make((const char *)data, size), &limits, &error);
	for (size_t i = 0; i < file_sd.count && result == 0; i++)
		check_target(&file_sd.targets[i]);
	require(result == 0 || error.message[0] != '\0', "an error says what is wrong");
	file_sd_release(&file_sd);
	return 0;
}
