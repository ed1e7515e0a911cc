/* PostgreSQL for C tests; postgres.py does the work. */
#include "postgres.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "test.h"

enum { SERVERS_MAX = 8, TEXTS_MAX = 256, LINE_SIZE = 4096 };

static char servers[SERVERS_MAX][64];
static size_t server_count;
static pid_t owner;
static char *texts[TEXTS_MAX];
static size_t text_count;
static char line[LINE_SIZE];

static const char *
keep_text(char *text)
{
	assert_non_null(text);
	assert_true(text_count < TEXTS_MAX);
	texts[text_count++] = text;
	return text;
}

/* Run postgres.py; its first line is left in `line`. True when it ended well. */
static bool
run(const char *verb, const char *folder, const char *settings)
{
	char words[256] = "";
	const char *arguments[16] = { LK_TESTS_PYTHON, "-B", LK_TESTS_DIR "/support/postgres.py",
		verb, folder };
	size_t count = 5, got = 0;
	int ends[2], status = 1;
	ssize_t n;
	pid_t child;

	if (strcmp(verb, "sql") == 0) {
		arguments[count++] = settings;
	} else if (settings) {
		(void)snprintf(words, sizeof words, "%s", settings);
		for (char *word = words; word && count < 15;) {
			char *space = strchr(word, ' ');

			arguments[count++] = word;
			if (space)
				*space++ = '\0';
			word = space;
		}
	}
	if (pipe(ends) != 0)
		return false;
	child = fork();
	if (child == 0) {
		dup2(ends[1], STDOUT_FILENO);
		close(ends[0]);
		close(ends[1]);
		execv(arguments[0], (char *const *)arguments);
		_exit(127);
	}
	close(ends[1]);
	while (got < sizeof line - 1 && (n = read(ends[0], line + got, sizeof line - 1 - got)) > 0)
		got += (size_t)n;
	line[got] = '\0';
	line[strcspn(line, "\n")] = '\0';
	close(ends[0]);
	return waitpid(child, &status, 0) == child && status == 0;
}

static void
clean_up(void)
{
	if (getpid() != owner)
		return;
	while (server_count > 0)
		(void)run("remove", servers[--server_count], NULL);
	while (text_count > 0)
		free(texts[--text_count]);
}

static void
clean_up_at_exit(void)
{
	if (owner)
		return;
	owner = getpid();
	atexit(clean_up);
}

const char *
lk_test_postgres_shared(void)
{
	const char *folder = getenv("LATCHKEY_TEST_POSTGRES");

	if (!folder)
		lk_test_skip("ctest starts the PostgreSQL server that this needs");
	return folder;
}

static const char *
server_new(const char *verb, const char *settings)
{
	char *folder = servers[server_count];

	assert_true(server_count < SERVERS_MAX);
	clean_up_at_exit();
	(void)snprintf(folder, sizeof servers[0], "/tmp/lkpg-%d-%zu", (int)getpid(), server_count);
	server_count++;
	if (!run(verb, folder, settings))
		fail_msg("PostgreSQL does not start");
	return folder;
}

const char *
lk_test_postgres_new(const char *settings)
{
	return server_new("start", settings);
}

const char *
lk_test_postgres_standby(const char *primary)
{
	return server_new("standby", primary);
}

void
lk_test_postgres_do(const char *folder, const char *verb)
{
	if (!run(verb, folder, NULL))
		fail_msg("PostgreSQL: %s failed", verb);
}

const char *
lk_test_postgres_sql(const char *folder, const char *statement)
{
	if (!run("sql", folder, statement))
		fail_msg("PostgreSQL refused: %s", statement);
	return line;
}

int
lk_test_postgres_port(const char *folder)
{
	char path[96];
	FILE *file;
	int port = 0;

	(void)snprintf(path, sizeof path, "%s/port", folder);
	file = fopen(path, "r");
	assert_non_null(file);
	assert_int_equal(fscanf(file, "%d", &port), 1);
	fclose(file);
	return port;
}

const char *
lk_test_postgres_url(const char *folder, const char *schema)
{
	char *url = NULL;

	clean_up_at_exit();
	assert_true(asprintf(&url, "postgresql://latchkey@/latchkey?host=%s&port=%d&schema=%s",
			folder, lk_test_postgres_port(folder), schema) > 0);
	return keep_text(url);
}

const char *
lk_test_postgres_tcp_url(const char *folder, const char *schema, const char *password)
{
	char *url = NULL;

	clean_up_at_exit();
	assert_true(asprintf(&url, "postgresql://latchkey:%s@127.0.0.1:%d/latchkey?schema=%s",
			password, lk_test_postgres_port(folder), schema) > 0);
	return keep_text(url);
}

bool
lk_test_on_postgres(void)
{
	return getenv("LATCHKEY_TEST_POSTGRES") != NULL;
}

const char *
lk_test_store_url(void)
{
	static unsigned number;
	struct timespec now;
	char schema[64];

	if (!lk_test_on_postgres())
		return "sqlite://:memory:";
	clock_gettime(CLOCK_REALTIME, &now);
	(void)snprintf(schema, sizeof schema, "t%lld_%ld_%d_%u", (long long)now.tv_sec, now.tv_nsec,
	    (int)getpid(), number++);
	return lk_test_postgres_url(getenv("LATCHKEY_TEST_POSTGRES"), schema);
}
