/* The list of system calls of every process, as its options make it, becomes a filter; here the
 * filter is run as the kernel would. */
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/base.h"
#include "config/config.h"
#include "credentials/service.h"
#include "daemon/calls.h"
#include "daemon/confine.h"
#include "keys/service.h"
#include "test.h"
#include "tokens/service.h"

enum { ARGUMENTS_MAX = 16, CONFIG_SIZE = 4096 };

#define COMMON "x --instance=i --peers-dir=/p --peer-key-file=/k --listen="
#define ON_A_FILE COMMON "ipc:///r/own.sock --store-url=sqlite:///d/own.db "
#define ON_POSTGRES COMMON "ipc:///r/own.sock --store-url=postgresql://own@db/latchkey "
#define BETWEEN_HOSTS COMMON "tls+tcp://0.0.0.0:1 --store-url=sqlite:///d/own.db "
#define KEYS "--tokens-url=ipc:///r/t --pepper-file=/s"
#define TOKENS "--keys-url=ipc:///r/k --issuer=https://i.example --audience=a --kek-file=/s"
#define CREDENTIALS "--keys-url=ipc:///r/k --tokens-url=ipc:///r/t --kek="
#define GATEWAY "x --instance=i --keys-url=ipc:///r/k --tokens-url=ipc:///r/t --credentials-url="

/* The gateway's table by itself: linked with credentials, it would bring a second secret_take(). */
#define LK_OPTION(kind, field, name, preset, help) LK_OPTION_FIELD(kind, field)
struct gateway_fields {
#include "gateway/options.def"
};
#undef LK_OPTION
static const struct lk_option gateway_rows[] = {
#define LK_OPTION(kind, field, name, preset, help)                                                 \
	LK_OPTION_ROW(struct gateway_fields, kind, field, name, preset, help)
#include "gateway/options.def"
#undef LK_OPTION
};
static const struct lk_config_table gateway_table = { "latchkey-gateway", "", gateway_rows,
	LK_ARRAY_LEN(gateway_rows), NULL };

static const struct process {
	const struct lk_config_table *table;
	const char *arguments;
	bool listens_to_hosts, dials_hosts, writes, serves_http, loads_modules;
} processes[] = {
	{ &keys_options, ON_A_FILE KEYS, .writes = true },
	{ &keys_options, ON_POSTGRES KEYS, .dials_hosts = true },
	{ &keys_options, BETWEEN_HOSTS KEYS, .listens_to_hosts = true, .writes = true },
	{ &tokens_options, ON_A_FILE TOKENS, .writes = true },
	{ &tokens_options, ON_POSTGRES TOKENS, .dials_hosts = true },
	{ &tokens_options, BETWEEN_HOSTS TOKENS, .listens_to_hosts = true, .writes = true },
	{ &credentials_options, ON_A_FILE CREDENTIALS "a=file:/s", .writes = true },
	{ &credentials_options, ON_POSTGRES CREDENTIALS "a=file:/s", .dials_hosts = true },
	{ &credentials_options, ON_A_FILE CREDENTIALS "a=pkcs11:token=t", .dials_hosts = true,
	    .writes = true, .loads_modules = true },
	{ &gateway_table, GATEWAY "ipc:///r/c", .listens_to_hosts = true, .serves_http = true },
	{ &gateway_table, GATEWAY "tls+tcp://c:1", .listens_to_hosts = true, .dials_hosts = true,
	    .serves_http = true },
};

/* ---- What the kernel would say ---- */

struct program {
	struct sock_filter code[BPF_MAXINSNS];
	size_t len;
};

static uint32_t
word(const struct seccomp_data *data, uint32_t offset)
{
	uint32_t value;

	assert_true(offset <= sizeof *data - sizeof value);
	memcpy(&value, (const char *)data + offset, sizeof value);
	return value;
}

static bool
jumps(const struct sock_filter *at, uint32_t value)
{
	switch (BPF_OP(at->code)) {
	case BPF_JEQ:
		return value == at->k;
	case BPF_JGT:
		return value > at->k;
	case BPF_JGE:
		return value >= at->k;
	}
	assert_int_equal(BPF_OP(at->code), BPF_JSET);
	return (value & at->k) != 0;
}

/* SECCOMP_RET_…; linux/filter.h says what the instructions are. */
static uint32_t
verdict(const struct program *program, const struct seccomp_data *data)
{
	uint32_t value = 0;

	for (size_t i = 0; i < program->len; i++) {
		const struct sock_filter *at = &program->code[i];
		if (at->code == (BPF_LD | BPF_W | BPF_ABS))
			value = word(data, at->k);
		else if (at->code == (BPF_ALU | BPF_AND | BPF_K))
			value &= at->k;
		else if (at->code == (BPF_JMP | BPF_JA))
			i += at->k;
		else if (BPF_CLASS(at->code) == BPF_JMP)
			i += jumps(at, value) ? at->jt : at->jf;
		else {
			assert_int_equal(at->code, BPF_RET | BPF_K);
			return at->k;
		}
	}
	fail_msg("the filter has no end");
	return 0;
}

static bool
may(const struct program *program, int call, uint64_t a0, uint64_t a2, uint64_t a3)
{
	const struct seccomp_data data = {
		.nr = call, .arch = seccomp_arch_native(), .args = { a0, 0, a2, a3 }
	};
	const uint32_t said = verdict(program, &data);

	assert_true(said == SECCOMP_RET_ALLOW || said == (SECCOMP_RET_ERRNO | EPERM));
	return said == SECCOMP_RET_ALLOW;
}

/* ---- The filter of a process ---- */

static void
configure(const struct process *process, void *config, struct lk_sandbox *sandbox)
{
	static const char *const none[] = { NULL };
	const char *argv[ARGUMENTS_MAX];
	struct lk_config_input input = { .argv = argv, .environment = none, .out = stdout };
	char *words = strdup(process->arguments), *rest = words;
	struct lk_error err = { 0 };

	assert_non_null(words);
	for (char *next; (next = strsep(&rest, " ")) != NULL;)
		argv[input.argc++] = next;
	expect_ok(lk_config_load_from(process->table, &input, config, &err), &err);
	expect_ok(lk_confine_wish(process->table, 0, NULL, config, sandbox, &err), &err);
	lk_config_free(process->table, config);
	free(words);
}

static void export(const struct lk_sandbox *sandbox, struct program *program)
{
	const int fd = memfd_create("filter", MFD_CLOEXEC);
	struct lk_error err = { 0 };

	assert_true(fd >= 0);
	expect_ok(lk_calls_export(sandbox, fd, &err), &err);
	const ssize_t size = pread(fd, program->code, sizeof program->code, 0);
	close(fd);
	assert_true(size > 0 && (size_t)size < sizeof program->code); /* the kernel takes no more */
	program->len = (size_t)size / sizeof program->code[0];
}

static void
expect_no_harm(const struct program *program)
{
	static const int never[] = { SCMP_SYS(execve), SCMP_SYS(execveat), SCMP_SYS(ptrace),
		SCMP_SYS(process_vm_readv), SCMP_SYS(process_vm_writev), SCMP_SYS(bpf),
		SCMP_SYS(mount), SCMP_SYS(keyctl), SCMP_SYS(unshare), SCMP_SYS(setns),
		SCMP_SYS(userfaultfd), SCMP_SYS(kexec_load), SCMP_SYS(init_module),
		SCMP_SYS(personality), SCMP_SYS(memfd_create), SCMP_SYS(kill), SCMP_SYS(seccomp),
		SCMP_SYS(setuid), SCMP_SYS(chroot), SCMP_SYS(pkey_mprotect) };

	for (size_t i = 0; i < LK_ARRAY_LEN(never); i++)
		assert_false(may(program, never[i], 0, 0, 0));
	assert_false(may(program, SCMP_SYS(socket), AF_PACKET, 0, 0));
	assert_false(may(program, SCMP_SYS(mprotect), 0, PROT_READ | PROT_EXEC, 0));
	assert_false(may(program, SCMP_SYS(mmap), 0, PROT_WRITE | PROT_EXEC, MAP_PRIVATE));
	assert_false(may(program, SCMP_SYS(mmap), 0, PROT_EXEC, MAP_ANONYMOUS | MAP_PRIVATE));
}

static void
expect_its_own(const struct process *process, const struct program *program)
{
	const bool hosts = process->listens_to_hosts || process->dials_hosts;
	const bool ours = process->table != &gateway_table;

	assert_true(may(program, SCMP_SYS(read), 0, 0, 0));
	assert_true(may(program, SCMP_SYS(mmap), 0, PROT_READ | PROT_WRITE, MAP_PRIVATE));
	assert_true(may(program, SCMP_SYS(socket), AF_UNIX, 0, 0));
	assert_int_equal(may(program, SCMP_SYS(socket), AF_INET, 0, 0), hosts);
	assert_int_equal(may(program, SCMP_SYS(socket), AF_INET6, 0, 0), hosts);
	assert_int_equal(may(program, SCMP_SYS(sendmmsg), 0, 0, 0), process->dials_hosts);
	assert_int_equal(may(program, SCMP_SYS(mmap), 0, PROT_READ | PROT_EXEC, MAP_PRIVATE),
	    process->dials_hosts);
	assert_int_equal(may(program, SCMP_SYS(ftruncate), 0, 0, 0), process->writes);
	assert_int_equal(may(program, SCMP_SYS(unlink), 0, 0, 0), ours);
	assert_int_equal(may(program, SCMP_SYS(sendfile), 0, 0, 0), process->serves_http);
	assert_int_equal(may(program, SCMP_SYS(mkdir), 0, 0, 0), process->loads_modules);
}

static void
every_process_has_the_calls_that_it_needs_and_no_more(void **state)
{
	static _Alignas(max_align_t) char config[CONFIG_SIZE];
	static struct program program;

	(void)state;
	for (size_t i = 0; i < LK_ARRAY_LEN(processes); i++) {
		static struct lk_sandbox sandbox;
		memset(&sandbox, 0, sizeof sandbox);
		memset(config, 0, sizeof config);
		configure(&processes[i], config, &sandbox);
		export(&sandbox, &program);
		expect_no_harm(&program);
		expect_its_own(&processes[i], &program);
	}
}

static void
another_architectures_calls_are_refused(void **state)
{
	static const struct lk_sandbox sandbox;
	static struct program program;
	const struct seccomp_data data = { .nr = SCMP_SYS(read), .arch = SCMP_ARCH_MIPS64 };

	(void)state;
	export(&sandbox, &program);
	assert_int_equal(verdict(&program, &data), SECCOMP_RET_ERRNO | EPERM);
}

static void
what_is_only_logged_is_not_refused(void **state)
{
	static const struct lk_sandbox sandbox = { .only_logs = true };
	static struct program program;
	const struct seccomp_data data = { .nr = SCMP_SYS(personality),
		.arch = seccomp_arch_native() };

	(void)state;
	export(&sandbox, &program);
	assert_int_equal(verdict(&program, &data), SECCOMP_RET_LOG);
}

_Static_assert(sizeof(struct keys_config) <= CONFIG_SIZE, "a configuration fits");
_Static_assert(sizeof(struct tokens_config) <= CONFIG_SIZE, "a configuration fits");
_Static_assert(sizeof(struct credentials_config) <= CONFIG_SIZE, "a configuration fits");
_Static_assert(sizeof(struct gateway_fields) <= CONFIG_SIZE, "a configuration fits");

LK_TESTS(LK_CASE(every_process_has_the_calls_that_it_needs_and_no_more),
    LK_CASE(another_architectures_calls_are_refused), LK_CASE(what_is_only_logged_is_not_refused))
