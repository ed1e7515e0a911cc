/* See terminal.h. A signal may come to any thread, so that the handler itself does what is to be
 * done: tcsetattr, sigaction and raise are safe there (POSIX 2.4.3). */
#include "terminal.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "base/base.h"

static const int ending[] = { SIGINT, SIGTERM, SIGQUIT, SIGHUP, SIGALRM, SIGTSTP };

static struct termios shown, hidden;
static struct sigaction before[LK_ARRAY_LEN(ending)];

static void on_signal(int sent);

static void
take(int sent, struct sigaction *out_before)
{
	struct sigaction action = { .sa_handler = on_signal, .sa_flags = SA_NODEFER | SA_RESTART };

	sigemptyset(&action.sa_mask);
	sigaction(sent, &action, out_before);
}

static void
on_signal(int sent)
{
	const struct sigaction plain = { .sa_handler = SIG_DFL };
	const int kept = errno;

	tcsetattr(STDIN_FILENO, TCSANOW, &shown);
	sigaction(sent, &plain, NULL);
	raise(sent); /* ends here, or stops until somebody lets us go on */
	take(sent, NULL);
	tcsetattr(STDIN_FILENO, TCSANOW, &hidden);
	errno = kept;
}

bool
terminal_hide(void)
{
	if (tcgetattr(STDIN_FILENO, &shown) != 0)
		return false;
	hidden = shown;
	hidden.c_lflag &= ~(tcflag_t)ECHO;
	hidden.c_lflag |= ECHONL;
	for (size_t i = 0; i < LK_ARRAY_LEN(ending); i++) {
		sigaction(ending[i], NULL, &before[i]);
		if (before[i].sa_handler == SIG_DFL)
			take(ending[i], NULL);
	}
	if (tcsetattr(STDIN_FILENO, TCSAFLUSH, &hidden) == 0)
		return true;
	terminal_show();
	return false;
}

void
terminal_show(void)
{
	tcsetattr(STDIN_FILENO, TCSAFLUSH, &shown);
	for (size_t i = 0; i < LK_ARRAY_LEN(ending); i++)
		sigaction(ending[i], &before[i], NULL);
}
