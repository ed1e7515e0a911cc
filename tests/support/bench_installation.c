/* See bench_installation.h. */
#include "bench_installation.h"

#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench_client.h"

extern char **environ;

enum { READY_TRIES = 600 };

void
lk_bench_installation_read(const struct lk_bench_installation *installation, const char *name,
    char out[LK_BENCH_TEXT_SIZE])
{
	char path[128];

	snprintf(path, sizeof path, "%s/%s", installation->dir, name);
	FILE *file = fopen(path, "re");
	lk_bench_must(file != NULL && fgets(out, LK_BENCH_TEXT_SIZE, file) != NULL,
	    "a key of the installation is missing");
	fclose(file);
}

static void
wait_ready(struct lk_bench_installation *installation)
{
	char ready[128];

	snprintf(ready, sizeof ready, "%s/ready", installation->dir);
	for (int i = 0; access(ready, F_OK) != 0; i++) {
		lk_bench_must(
		    i < READY_TRIES && waitpid(installation->services, NULL, WNOHANG) == 0,
		    "the services do not start");
		usleep(100000);
	}
}

void
lk_bench_installation_start(struct lk_bench_installation *installation, char *program)
{
	char bin[1024];
	int ends[2];
	posix_spawn_file_actions_t actions;

	snprintf(bin, sizeof bin, "%.*s/../bin",
	    (int)(strrchr(program, '/') ? strrchr(program, '/') - program : 1), program);
	snprintf(installation->dir, sizeof installation->dir, "/tmp/lkbench.XXXXXX");
	lk_bench_must(mkdtemp(installation->dir) != NULL && pipe(ends) == 0, "no folder");
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, ends[0], STDIN_FILENO);
	posix_spawn_file_actions_addclose(&actions, ends[1]);
	const char *const argv[] = { "bash", LK_BENCH_SERVICES, bin, installation->dir, NULL };
	lk_bench_must(posix_spawnp(&installation->services, "bash", &actions, NULL,
			  (char *const *)(uintptr_t)argv, environ) == 0,
	    "no bash");
	posix_spawn_file_actions_destroy(&actions);
	close(ends[0]);
	installation->told = ends[1];
	wait_ready(installation);
}

void
lk_bench_installation_stop(struct lk_bench_installation *installation)
{
	const char *const argv[] = { "rm", "-rf", installation->dir, NULL };
	pid_t rm;

	close(installation->told);
	waitpid(installation->services, NULL, 0);
	if (posix_spawnp(&rm, "rm", NULL, NULL, (char *const *)(uintptr_t)argv, environ) == 0)
		waitpid(rm, NULL, 0);
}
