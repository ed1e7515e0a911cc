/* A child that is waited for, and a lease that is held meanwhile. */
#include "supervise.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { GRACE_S = 10 };
#define SIG_LEASE_OVER SIGRTMIN

/* What the terminal sends reaches the whole foreground group by itself; what somebody sends to us
 * is meant for the command. */
static const int passed_on[] = { SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2, SIGWINCH };

struct supervision {
	struct cli *cli;
	pid_t pid;
	latchkey_error why; /* the lease is over; written before SIG_LEASE_OVER is sent */
};

int
command_failed(struct cli *cli, const char *command, int why)
{
	cli_refuse(cli, LATCHKEY_FAILED_PRECONDITION, "command", "COMMAND_FAILED",
	    "%s cannot be run: %s", command, strerror(why));
	cli_failed(cli);
	return why == ENOENT ? EXIT_NOT_FOUND : EXIT_NOT_RUNNABLE;
}

static void
lease_over(void *user, const latchkey_error *why)
{
	struct supervision *s = user;

	s->why = *why;
	kill(getpid(), SIG_LEASE_OVER);
}

static void
signals_of_ours(sigset_t *out)
{
	sigemptyset(out);
	sigaddset(out, SIGCHLD);
	sigaddset(out, SIG_LEASE_OVER);
	for (size_t i = 0; i < LK_ARRAY_LEN(passed_on); i++)
		sigaddset(out, passed_on[i]);
}

/* In the child: become the command, or say why not. Nothing but system calls. */
static _Noreturn void
become(char **command, char **environment, const sigset_t *mask, pid_t parent, int report)
{
	prctl(PR_SET_PDEATHSIG, SIGTERM); /* without us nobody keeps the lease */
	if (getppid() != parent)
		_exit(EXIT_NOT_RUNNABLE);
	signal(SIGPIPE, SIG_DFL);
	sigprocmask(SIG_SETMASK, mask, NULL);
	execvpe(command[0], command, environment);
	const int why = errno;
	_exit(write(report, &why, sizeof why) == sizeof why ? EXIT_NOT_RUNNABLE : EXIT_NOT_FOUND);
}

/* 0, or why it could not be started. */
static int
start(struct supervision *s, char **command, const struct child_environment *child,
    const sigset_t *mask)
{
	const pid_t parent = getpid();
	int report[2], why = 0;

	if (pipe2(report, O_CLOEXEC) != 0)
		return errno;
	s->pid = fork();
	if (s->pid == 0)
		become(command, child->entries, mask, parent, report[1]);
	const int forked = s->pid < 0 ? errno : 0;
	close(report[1]);
	if (!forked && read(report[0], &why, sizeof why) != sizeof why)
		why = 0; /* closed by the exec */
	close(report[0]);
	if (!forked && why != 0)
		waitpid(s->pid, NULL, 0);
	return forked ? forked : why;
}

static void
take_signal(struct supervision *s, const siginfo_t *info, bool *ending)
{
	if (info->si_signo == SIG_LEASE_OVER && !*ending) {
		s->cli->error = s->why;
		cli_failed(s->cli);
		*ending = true;
		kill(s->pid, SIGTERM);
	} else if (info->si_signo != SIGCHLD && info->si_code <= 0) {
		kill(s->pid, info->si_signo);
	}
}

/* Until the command has ended; its status as waitpid answers it. */
static int
await(struct supervision *s, const sigset_t *ours)
{
	const struct timespec grace = { GRACE_S, 0 };
	bool ending = false;
	int status = 0;

	while (waitpid(s->pid, &status, WNOHANG) == 0) {
		siginfo_t info;
		const int got =
		    ending ? sigtimedwait(ours, &info, &grace) : sigwaitinfo(ours, &info);
		if (got > 0)
			take_signal(s, &info, &ending);
		else if (errno == EAGAIN)
			kill(s->pid, SIGKILL);
	}
	return status;
}

static int
end_as(int status, const sigset_t *mask)
{
	if (WIFEXITED(status))
		return WEXITSTATUS(status);
	signal(WTERMSIG(status), SIG_DFL);
	raise(WTERMSIG(status));
	sigprocmask(SIG_SETMASK, mask, NULL); /* now it takes effect */
	return 128 + WTERMSIG(status);
}

int
supervise(
    struct cli *cli, char **command, struct child_environment *child, const latchkey_lease *lease)
{
	struct supervision s = { .cli = cli };
	latchkey_lease_holder *holder = NULL;
	sigset_t ours, before;

	signal(SIGCHLD, SIG_DFL); /* where it is ignored nobody is told how a child ended */
	signals_of_ours(&ours);
	sigprocmask(SIG_BLOCK, &ours, &before);
	const int why = start(&s, command, child, &before);
	environment_free(child);
	if (why != 0) {
		(void)!latchkey_lease_end(
		    cli->client, latchkey_lease_id(lease), &cli->call, NULL, &cli->error);
		return command_failed(cli, command[0], why);
	}
	if (latchkey_lease_hold(cli->client, lease, lease_over, &s, &holder, &cli->error) !=
	    LATCHKEY_OK)
		lease_over(&s, &cli->error);
	const int status = await(&s, &ours);
	latchkey_lease_release(holder);
	return end_as(status, &before);
}
