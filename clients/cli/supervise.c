/* A child that is waited for, and a lease that is held meanwhile. */
#include "supervise.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "time/clock.h"

enum { GRACE_MS = 10000, NAP_S = 1 }; /* no sleep is longer, whatever became of a signal */
#define SIG_LEASE_OVER SIGRTMIN

/* What the terminal sends reaches the whole foreground group by itself; what somebody sends to us
 * is meant for the command. */
static const int passed_on[] = { SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2, SIGWINCH };

struct supervision {
	struct cli *cli;
	pid_t pid;
	pthread_t waiting;
	latchkey_error why; /* the lease is over; written before SIG_LEASE_OVER is sent */
	bool ending;
	int64_t kill_at_ms; /* once it is ending */
};

static int64_t
now_ms(void)
{
	return lk_clock_steady_ms(lk_clock_system());
}

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
	pthread_kill(s->waiting, SIG_LEASE_OVER);
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

void
supervise_block(sigset_t *out_before)
{
	sigset_t ours;

	signals_of_ours(&ours);
	sigprocmask(SIG_BLOCK, &ours, out_before);
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

/* The terminal told us, and not yet the command. */
static void
pass_on_early(const struct supervision *s, const sigset_t *early)
{
	const struct timespec at_once = { 0, 0 };

	for (size_t i = 0; i < LK_ARRAY_LEN(passed_on); i++) {
		sigset_t one;
		sigemptyset(&one);
		sigaddset(&one, passed_on[i]);
		if (sigismember(early, passed_on[i]) && sigtimedwait(&one, NULL, &at_once) > 0)
			kill(s->pid, passed_on[i]);
	}
}

static void
take_signal(struct supervision *s, const siginfo_t *info)
{
	if (info->si_signo == SIG_LEASE_OVER) {
		kill(s->pid, SIGTERM);
		s->kill_at_ms = now_ms() + GRACE_MS;
		s->ending = true;
	} else if (info->si_signo != SIGCHLD && info->si_code <= 0) {
		kill(s->pid, info->si_signo);
	}
}

/* Until the command has ended; its status as waitpid answers it. */
static int
await(struct supervision *s)
{
	const struct timespec nap = { NAP_S, 0 };
	sigset_t ours;
	int status = 0;

	signals_of_ours(&ours);
	while (waitpid(s->pid, &status, WNOHANG) == 0) {
		siginfo_t info;
		if (sigtimedwait(&ours, &info, &nap) > 0)
			take_signal(s, &info);
		if (s->ending && now_ms() >= s->kill_at_ms)
			kill(s->pid, SIGKILL);
	}
	return status;
}

/* Only now: whoever reads what we say may be slow. */
static void
say_why(struct supervision *s)
{
	s->cli->error = s->why;
	cli_failed(s->cli);
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
supervise(struct cli *cli, char **command, struct child_environment *child,
    const latchkey_lease *lease, const sigset_t *before)
{
	struct supervision s = { .cli = cli, .waiting = pthread_self() };
	latchkey_lease_holder *holder = NULL;
	sigset_t early;

	signal(SIGCHLD, SIG_DFL); /* where it is ignored nobody is told how a child ended */
	sigpending(&early);
	const int why = start(&s, command, child, before);
	environment_free(child);
	if (why != 0) {
		(void)!latchkey_lease_end(
		    cli->client, latchkey_lease_id(lease), &cli->call, NULL, &cli->error);
		return command_failed(cli, command[0], why);
	}
	pass_on_early(&s, &early);
	if (latchkey_lease_hold(cli->client, lease, lease_over, &s, &holder, &cli->error) !=
	    LATCHKEY_OK)
		lease_over(&s, &cli->error);
	const int status = await(&s);
	latchkey_lease_release(holder);
	if (s.ending)
		say_why(&s);
	return end_as(status, before);
}
