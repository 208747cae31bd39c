/*
 * The table on the alternate screen of a terminal, drawn again when the spool changes, when the window does, and from
 * time to time because ages grow.
 */
#include <bsd/stdlib.h>
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "clock.h"
#include "list.h"
#include "table.h"
#include "url.h"

/* ms between two drawings: of a spool, which tells of changes; and of a gateway, which must be asked. */
#define SPOOL_INTERVAL	 1000
#define GATEWAY_INTERVAL 5000

/* Changes come in bursts: ms from one drawing to the next at least. */
#define PAUSE 200

#define ENTER	 "\033[?1049h\033[?25l"
#define LEAVE	 "\033[?25h\033[?1049l"
#define HOME	 "\033[H"
#define LINE_END "\033[K\n"
#define ERASE	 "\033[J"

static volatile sig_atomic_t caught;

static void note_signal(int number)
{
	if (number != SIGWINCH && number != SIGCONT)
		caught = number;
}

static const int ends[] = {SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGTSTP};

/* Signals come while the loop waits only. */
static void catch_signals(sigset_t *before)
{
	sigset_t blocked;
	struct sigaction action = {.sa_handler = note_signal};
	sigemptyset(&blocked);
	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		sigaction(ends[i], &action, NULL);
		sigaddset(&blocked, ends[i]);
	}
	sigaction(SIGWINCH, &action, NULL);
	sigaction(SIGCONT, &action, NULL);
	sigaddset(&blocked, SIGWINCH);
	sigaddset(&blocked, SIGCONT);
	sigprocmask(SIG_BLOCK, &blocked, before);
}

/* Ends the program in the middle of something, with the screen as it was before. */
static void leave(int number)
{
	struct sigaction action = {.sa_handler = SIG_DFL};
	ssize_t ignored = write(STDOUT_FILENO, LEAVE, sizeof(LEAVE) - 1);
	(void)ignored;
	sigaction(number, &action, NULL);
	raise(number);
}

/* A gateway may take its time to answer: what ends the program must not wait for that. A stop waits. */
static int load(struct list *list, struct error *error)
{
	struct sigaction action = {.sa_handler = leave};
	sigset_t ending, blocked;
	sigemptyset(&ending);
	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]) && !list->has_store; i++) {
		if (ends[i] == SIGTSTP)
			continue;
		sigaction(ends[i], &action, NULL);
		sigaddset(&ending, ends[i]);
	}
	sigprocmask(SIG_UNBLOCK, &ending, &blocked);
	int result = list_load(list, error);
	sigprocmask(SIG_SETMASK, &blocked, NULL);
	action.sa_handler = note_signal;
	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++)
		sigaction(ends[i], &action, NULL);
	return result;
}

static void put(const char *sequence)
{
	fputs(sequence, stdout);
	fflush(stdout);
}

/* What the signal would have done, with the screen as it was before: this returns only from a stop. */
static void obey(int number, const sigset_t *before)
{
	sigset_t now;
	struct sigaction action = {.sa_handler = SIG_DFL};
	put(LEAVE);
	sigaction(number, &action, NULL);
	raise(number);
	sigprocmask(SIG_SETMASK, before, &now);
	/* Stopped here, or ended. */
	sigprocmask(SIG_SETMASK, &now, NULL);
	action.sa_handler = note_signal;
	sigaction(number, &action, NULL);
	put(ENTER);
}

static void print_heading(FILE *out, const struct list *list, const struct error *trouble, size_t columns)
{
	char clock[32] = "";
	time_t now = (time_t)(list->now / CLOCK_SECOND);
	struct tm broken;
	size_t series = 0;
	struct url_text url = url_text(list->has_store ? "" : list->destination.gateways[0].bare);
	if (localtime_r(&now, &broken) != NULL)
		strftime(clock, sizeof(clock), "%H:%M:%S", &broken);
	for (size_t i = 0; i < list->shown; i++)
		series += list->groups.rows[i].series;
	char line[sizeof(clock) + sizeof("  ") + ERROR_MESSAGE_SIZE];
	if (trouble != NULL)
		snprintf(line, sizeof(line), "%s  %s", clock, trouble->message);
	else
		snprintf(line, sizeof(line), "%s  %zu groups, %zu series, %zu files left out  %s", clock, list->shown,
			series, list->groups.count - list->shown, list->has_store ? list->destination.spool : url.text);
	url_make_printable(line);
	size_t length = strlen(line);
	while (length > columns || ((unsigned char)line[length] & 0xc0) == 0x80)
		length--;
	fprintf(out, "%.*s" LINE_END LINE_END, (int)length, line);
}

/* With what is wrong instead of the totals, or NULL. */
static int draw(const struct list *list, const struct error *trouble, struct error *error)
{
	struct winsize size = {.ws_row = 24, .ws_col = 80};
	char *text = NULL;
	size_t length;
	FILE *out = open_memstream(&text, &length);
	if (out == NULL)
		return error_set_memory(error);
	ioctl(STDOUT_FILENO, TIOCGWINSZ, &size);
	size_t rows = size.ws_row > 0 ? size.ws_row : 24, columns = size.ws_col > 0 ? size.ws_col : 80;
	const struct table_style style = {
		.colours = list->colours,
		.lines = rows > 4 ? rows - 3 : 2,
		.columns = columns,
		.line_end = LINE_END,
	};
	fputs(HOME, out);
	print_heading(out, list, trouble, columns);
	int result = table_print(out, list->groups.rows, list->shown, list->now, &style, error);
	fputs(ERASE, out);
	if (fclose(out) == EOF)
		result = error_set_memory(error);
	if (result == 0) {
		fwrite(text, 1, length, stdout);
		fflush(stdout);
	}
	free(text);
	return result;
}

/* Sleeps until there is a reason to draw. false where the terminal is gone. */
static bool wait_for_reason(const struct list *list, unsigned interval, const sigset_t *before)
{
	const struct timespec pause = {.tv_nsec = PAUSE * CLOCK_MILLISECOND};
	const struct timespec limit = {interval / 1000, interval % 1000 * CLOCK_MILLISECOND};
	struct pollfd descriptor = {.fd = list->has_store ? view_fd(list->store.view) : -1, .events = POLLIN};
	/* A signal ends the pause as well. */
	if (ppoll(NULL, 0, &pause, before) == 0)
		ppoll(&descriptor, 1, &limit, before);
	return !ferror(stdout);
}

/* Whether another time may bring success: a gateway that is restarted comes back. */
static bool passes(const struct list *list, const struct error *trouble)
{
	return !list->has_store && (trouble->kind == ERROR_UNAVAILABLE || trouble->kind == ERROR_BUSY);
}

int list_watch(struct list *list, struct error *error)
{
	sigset_t before;
	unsigned interval = list->watch;
	struct error trouble;
	bool troubled = false;
	int result;
	if (interval == UINT_MAX)
		interval = list->has_store ? SPOOL_INTERVAL : GATEWAY_INTERVAL;
	/* What is wrong from the start is told on the common screen. */
	if (list_load(list, error) == -1)
		return -1;
	catch_signals(&before);
	put(ENTER);
	do {
		result = draw(list, troubled ? &trouble : NULL, error);
		bool goes_on = result == 0 && wait_for_reason(list, interval, &before);
		if (caught != 0) {
			int number = caught;
			caught = 0;
			obey(number, &before);
		}
		if (!goes_on)
			break;
		troubled = load(list, &trouble) == -1;
		if (troubled && !passes(list, &trouble)) {
			*error = trouble;
			result = -1;
		}
	} while (result == 0);
	put(LEAVE);
	return result;
}
