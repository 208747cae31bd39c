#include "command.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "clock.h"
#include "text.h"

#define METRICS_FD   3 /* what the command gets, unless somebody gave this process one of that number */
#define KILL_AFTER   (10 * CLOCK_SECOND) /* between SIGTERM and SIGKILL of a timeout */
#define NO_DEADLINE  INT64_MAX
#define FD_TEXT_SIZE 16

static const int passed_on[] = {SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2, SIGWINCH};

static void waited_signals(sigset_t *set)
{
	sigemptyset(set);
	sigaddset(set, SIGCHLD);
	for (size_t i = 0; i < sizeof(passed_on) / sizeof(passed_on[0]); i++)
		sigaddset(set, passed_on[i]);
}

void command_block_signals(struct command *command)
{
	sigset_t set;
	waited_signals(&set);
	/* An ignored SIGCHLD would be inherited and leave nothing to wait for. */
	signal(SIGCHLD, SIG_DFL);
	sigprocmask(SIG_BLOCK, &set, &command->inherited);
}

/* In the child: the number that PGW_METRICS_FD tells. A descriptor that the caller passed on keeps its own. */
static int give_metrics_fd(int fd)
{
	char text[FD_TEXT_SIZE];
	int given = fcntl(METRICS_FD, F_GETFD) == -1 || fd == METRICS_FD ? METRICS_FD : -1;
	if (given == -1)
		given = fcntl(fd, F_DUPFD, METRICS_FD + 1);
	else if (fd == METRICS_FD && fcntl(fd, F_SETFD, 0) == -1)
		return -1;
	else if (fd != METRICS_FD && dup2(fd, METRICS_FD) == -1)
		return -1;
	snprintf(text, sizeof(text), "%d", given);
	return given == -1 ? -1 : setenv("PGW_METRICS_FD", text, 1);
}

/* Never returns. What went wrong goes through the pipe, which a success closes. */
static void become_command(const struct command *command, int failure)
{
	if (command->timeout > 0)
		setpgid(0, 0);
	sigprocmask(SIG_SETMASK, &command->inherited, NULL);
	if (command->metrics_fd == -1 || give_metrics_fd(command->metrics_fd) == 0)
		execvp(command->argv[0], command->argv);
	int number = errno;
	ssize_t unused = write(failure, &number, sizeof(number));
	(void)unused;
	_exit(number == ENOENT ? EXIT_NOT_FOUND : EXIT_CANNOT_INVOKE);
}

static void note_end(struct command *command)
{
	command->duration = clock_monotonic() - command->began;
	command->end = clock_wall();
	command->ended = true;
}

/* What the child says of why it could not become the command: 0 where it could. */
static int read_failure(int fd)
{
	int number = 0;
	while (read(fd, &number, sizeof(number)) == -1 && errno == EINTR)
		;
	return number;
}

static int fail_to_start(struct command *command, int number, struct error *error)
{
	command->status = (number == ENOENT ? EXIT_NOT_FOUND : EXIT_CANNOT_INVOKE) << 8;
	note_end(command);
	errno = number;
	return error_set_errno(error, ERROR_IO, "can't run %s", quote(slice_of(command->argv[0])).text);
}

int command_start(struct command *command, struct error *error)
{
	int failure[2];
	command->start = clock_wall();
	command->began = clock_monotonic();
	command->end_deadline =
		command->timeout > 0 ? command->began + command->timeout * CLOCK_MILLISECOND : NO_DEADLINE;
	if (pipe2(failure, O_CLOEXEC) == -1)
		return fail_to_start(command, errno, error);
	command->pid = fork();
	if (command->pid == 0)
		become_command(command, failure[1]);
	int number = errno;
	close(failure[1]);
	if (command->pid != -1)
		number = read_failure(failure[0]);
	close(failure[0]);
	if (command->pid != -1 && number == 0)
		return 0;
	if (command->pid != -1)
		waitpid(command->pid, NULL, 0);
	return fail_to_start(command, number, error);
}

static void send(const struct command *command, int signal_number)
{
	kill(command->timeout > 0 ? -command->pid : command->pid, signal_number);
}

/* A signal from the terminal went to all processes in the foreground, the command among them unless it has a group of
 * its own. */
static void pass_on(const struct command *command, const siginfo_t *info)
{
	if (!command->ended && (info->si_code != SI_KERNEL || command->timeout > 0))
		send(command, info->si_signo);
}

static void reap(struct command *command)
{
	if (!command->ended && wait4(command->pid, &command->status, WNOHANG, &command->usage) == command->pid)
		note_end(command);
}

static void end_overdue(struct command *command)
{
	if (command->ended || clock_monotonic() < command->end_deadline)
		return;
	send(command, command->timed_out ? SIGKILL : SIGTERM);
	/* One that is stopped hears nothing else. */
	send(command, SIGCONT);
	command->end_deadline = clock_monotonic() + KILL_AFTER;
	command->timed_out = true;
}

void command_wait(struct command *command, int64_t deadline)
{
	sigset_t set;
	siginfo_t info;
	waited_signals(&set);
	if (!command->ended && command->end_deadline < deadline)
		deadline = command->end_deadline;
	int64_t left = deadline - clock_monotonic();
	if (left < 0)
		left = 0;
	struct timespec timeout = {.tv_sec = left / CLOCK_SECOND, .tv_nsec = left % CLOCK_SECOND};
	int number = deadline == NO_DEADLINE ? sigwaitinfo(&set, &info) : sigtimedwait(&set, &info, &timeout);
	if (number > 0 && number != SIGCHLD)
		pass_on(command, &info);
	reap(command);
	end_overdue(command);
}

int command_exit_code(const struct command *command)
{
	if (command->timed_out)
		return EXIT_TIMED_OUT;
	return WIFSIGNALED(command->status) ? EXIT_SIGNAL_BASE + WTERMSIG(command->status)
					    : WEXITSTATUS(command->status);
}

int command_exit_as(const struct command *command)
{
	if (!command->timed_out && WIFSIGNALED(command->status)) {
		sigset_t set;
		int number = WTERMSIG(command->status);
		/* The core that there is to see is the command's. */
		setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
		signal(number, SIG_DFL);
		sigemptyset(&set);
		sigaddset(&set, number);
		raise(number);
		sigprocmask(SIG_UNBLOCK, &set, NULL);
	}
	return command_exit_code(command);
}
