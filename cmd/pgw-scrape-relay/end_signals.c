#include "end_signals.h"

#include <signal.h>
#include <sys/signalfd.h>

#include "notify.h"

static sigset_t end_signals(void)
{
	sigset_t ends;
	sigemptyset(&ends);
	sigaddset(&ends, SIGTERM);
	sigaddset(&ends, SIGINT);
	return ends;
}

int end_signals_catch(int more, struct error *error)
{
	sigset_t caught = end_signals();
	if (more != 0)
		sigaddset(&caught, more);
	sigprocmask(SIG_BLOCK, &caught, NULL);
	int fd = signalfd(-1, &caught, SFD_NONBLOCK | SFD_CLOEXEC);
	return fd == -1 ? error_set_errno(error, ERROR_IO, "signalfd") : fd;
}

void end_signals_begin_stop(void)
{
	sigset_t ends = end_signals();
	sigprocmask(SIG_UNBLOCK, &ends, NULL);
	notify("STOPPING=1");
}
