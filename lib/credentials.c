#include "credentials.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include "buffer.h"
#include "file.h"

#define FILE_MAX      65536	 /* of what has one line that counts, bytes */
#define CURL_FILE_MAX (16 << 20) /* of what libcurl reads: all certificate authorities are some 200 kB */

/* Wipes what a buffer held, wherever it ends. */
static void forget(struct buffer *buffer)
{
	if (buffer->data != NULL)
		explicit_bzero(buffer->data, buffer->capacity);
	buffer_release(buffer);
}

/* Whether it is a pipe that a process was given, as by the shell's <(COMMAND), and has no name by which nobody may ever
 * write to it. */
static bool is_anonymous_pipe(int fd, const struct stat *status)
{
	struct statfs system;
	return S_ISFIFO(status->st_mode) && fstatfs(fd, &system) == 0 && system.f_type == PIPEFS_MAGIC;
}

/* Opens a regular file, or an anonymous pipe where that may be; anything else could block or have no end. Returns a
 * descriptor, or -1 with ERROR_NO_INPUT. */
static int open_file(const char *path, off_t max, bool may_be_pipe, struct error *error)
{
	struct stat status;
	int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
	if (fd == -1 || fstat(fd, &status) == -1) {
		error_set(error, ERROR_NO_INPUT, "%s: %s", path, strerror(errno));
		return file_close(fd);
	}
	if (S_ISREG(status.st_mode) && status.st_size <= max)
		return fd;
	if (may_be_pipe && is_anonymous_pipe(fd, &status) && fcntl(fd, F_SETFL, 0) == 0)
		return fd;
	error_set(error, ERROR_NO_INPUT, "%s: %s", path, S_ISREG(status.st_mode) ? "too large" : "not a regular file");
	return file_close(fd);
}

static int read_file(struct buffer *text, const char *path, struct error *error)
{
	int fd = open_file(path, FILE_MAX, true, error);
	if (fd == -1)
		return -1;
	int result = buffer_reserve(text, FILE_MAX); /* at once, so that growth leaves no copies behind */
	if (result == 0)
		result = buffer_read_fd(text, fd);
	file_close(fd);
	if (result == 0)
		return 0;
	if (errno == ENOMEM)
		return error_set_memory(error);
	return error_set(error, ERROR_NO_INPUT, "%s: %s", path, errno == EMSGSIZE ? "too large" : strerror(errno));
}

/* The first line without blanks at its end, as a string of its own. */
static int take_line(struct slice text, const char *path, char **secret, struct error *error)
{
	const char *newline = text.len > 0 ? memchr(text.data, '\n', text.len) : NULL;
	size_t length = newline != NULL ? (size_t)(newline - text.data) : text.len;
	while (length > 0 && strchr(" \t\r", text.data[length - 1]) != NULL)
		length--;
	if (length == 0)
		return error_set(error, ERROR_USAGE, "%s: the first line is empty", path);
	for (size_t i = 0; i < length; i++)
		if ((unsigned char)text.data[i] < ' ' || text.data[i] == 0x7f)
			return error_set(error, ERROR_USAGE, "%s: the first line has control characters", path);
	if (asprintf(secret, "%.*s", (int)length, text.data) == -1) {
		*secret = NULL;
		return error_set_memory(error);
	}
	return 0;
}

static int read_secret(const char *path, char **secret, struct error *error)
{
	struct buffer text;
	if (path == NULL)
		return 0;
	buffer_init(&text, FILE_MAX);
	int result = read_file(&text, path, error);
	if (result == 0)
		result = take_line(buffer_slice(&text), path, secret, error);
	forget(&text);
	return result;
}

static int check_options(const struct http_options *options, struct error *error)
{
	int kinds = (options->basic_auth_file != NULL) + (options->bearer_token_file != NULL) +
		    (options->netrc || options->netrc_file != NULL);
	if (kinds > 1)
		return error_set(error, ERROR_USAGE,
			"only one of --basic-auth-file, --bearer-token-file and --netrc can be given");
	if (options->key != NULL && options->certificate == NULL)
		return error_set(error, ERROR_USAGE, "--key is of no use without --cert");
	/* libcurl says little of a file that it can't read, and nothing where that is a .netrc. It reads them again for
	 * each connection, which a pipe doesn't bear. */
	const char *const files[] = {options->netrc_file, options->ca_file, options->certificate, options->key};
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		int fd = files[i] == NULL ? -1 : open_file(files[i], CURL_FILE_MAX, false, error);
		if (files[i] != NULL && fd == -1)
			return -1;
		file_close(fd);
	}
	return 0;
}

int credentials_init(struct credentials *credentials, const struct http_options *options, struct error *error)
{
	*credentials = (struct credentials){.options = options};
	if (check_options(options, error) == 0 &&
		read_secret(options->basic_auth_file, &credentials->user_password, error) == 0 &&
		read_secret(options->bearer_token_file, &credentials->token, error) == 0) {
		if (credentials->user_password == NULL || strchr(credentials->user_password, ':') != NULL)
			return 0;
		error_set(error, ERROR_USAGE, "%s: the first line is not USER:PASSWORD", options->basic_auth_file);
	}
	credentials_release(credentials);
	return -1;
}

static void wipe(char **secret)
{
	if (*secret != NULL)
		explicit_bzero(*secret, strlen(*secret));
	free(*secret);
	*secret = NULL;
}

void credentials_release(struct credentials *credentials)
{
	wipe(&credentials->user_password);
	wipe(&credentials->token);
}
