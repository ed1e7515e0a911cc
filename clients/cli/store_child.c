/* Starting a service for a move: see store_child.h. */
#include "store_child.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

enum { PATH_SIZE = 4096 };

/* Beside this program, where it is installed with it; otherwise as PATH finds it. */
static void
program_find(const char *service, char out[PATH_SIZE])
{
	char own[PATH_SIZE];
	const ssize_t len = readlink("/proc/self/exe", own, sizeof own - 1);
	char *slash;

	own[len > 0 ? len : 0] = '\0';
	slash = strrchr(own, '/');
	if (slash) {
		*slash = '\0';
		snprintf(out, PATH_SIZE, "%.4000s/latchkey-%s", own, service);
		if (access(out, X_OK) == 0)
			return;
	}
	snprintf(out, PATH_SIZE, "latchkey-%s", service);
}

struct ends {
	int ask[2], answer[2];
};

static void
ends_close(struct ends *ends)
{
	const int all[] = { ends->ask[0], ends->ask[1], ends->answer[0], ends->answer[1] };

	for (size_t i = 0; i < LK_ARRAY_LEN(all); i++)
		if (all[i] >= 0)
			close(all[i]);
}

static int
spawn(const char *program, const char *form, const struct ends *ends, pid_t *out_pid)
{
	char *const arguments[] = { (char *)(uintptr_t)program, (char *)(uintptr_t)form, NULL };
	posix_spawn_file_actions_t actions;
	int failed;

	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, ends->ask[0], STDIN_FILENO);
	posix_spawn_file_actions_adddup2(&actions, ends->answer[1], STDOUT_FILENO);
	failed = posix_spawnp(out_pid, program, &actions, NULL, arguments, environ);
	posix_spawn_file_actions_destroy(&actions);
	return failed;
}

/* A pipe holds more than two URLs, so this never waits. */
static bool
ask(int fd, const char *from, const char *to)
{
	const char *const parts[] = { from, "\n", to, "\n" };

	for (size_t i = 0; i < LK_ARRAY_LEN(parts); i++)
		if (write(fd, parts[i], strlen(parts[i])) != (ssize_t)strlen(parts[i]))
			return false;
	return true;
}

latchkey_status
store_child_start(struct cli *cli, const char *service, const char *form, const char *from,
    const char *to, struct store_child *out_child)
{
	LK_AUTO(ends_close) struct ends ends = { { -1, -1 }, { -1, -1 } };
	char program[PATH_SIZE];

	program_find(service, program);
	if (pipe2(ends.ask, O_CLOEXEC) != 0 || pipe2(ends.answer, O_CLOEXEC) != 0)
		return cli_refuse(cli, LATCHKEY_RESOURCE_EXHAUSTED, "", "NO_DESCRIPTORS",
		    "no pipe to the service can be made");
	if (spawn(program, form, &ends, &out_child->pid) != 0)
		return cli_refuse(cli, LATCHKEY_NOT_FOUND, "", "SERVICE_NOT_FOUND",
		    "latchkey-%s is neither beside this program nor on PATH", service);
	(void)ask(ends.ask[1], from, to); /* one that is gone says nothing, either */
	out_child->answers = fdopen(ends.answer[0], "r");
	if (!out_child->answers) {
		ends_close(&ends);
		ends = (struct ends){ { -1, -1 }, { -1, -1 } };
		(void)store_child_end(out_child);
		return cli_refuse(
		    cli, LATCHKEY_RESOURCE_EXHAUSTED, "", "OUT_OF_MEMORY", "out of memory");
	}
	ends.answer[0] = -1;
	return LATCHKEY_OK;
}

bool
store_child_end(struct store_child *child)
{
	int status = -1;

	if (child->answers)
		fclose(child->answers);
	while (waitpid(child->pid, &status, 0) < 0 && errno == EINTR)
		continue;
	return status == 0;
}
