/* See calls.h. calls.def is the list; here is who needs what of it, and which calls are good with
 * some arguments only. */
#include "daemon/calls.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <linux/sockios.h>
#include <sched.h>
#include <seccomp.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/scope.h"

enum need {
	EVERYBODY = 1 << 0,
	LISTENER = 1 << 1,     /* others connect to it */
	IPC_LISTENER = 1 << 2, /* by a socket in a folder */
	WRITER = 1 << 3,       /* files of its own */
	NETWORK = 1 << 4,      /* sockets of other hosts */
	DIALER = 1 << 5,       /* and it begins the connection: libraries find the host */
	HTTP = 1 << 6,
	MODULE = 1 << 7, /* code that its configuration names */
};

/* Since Linux 5.1 calls have the same number on every architecture. Those that are not listed
 * answer as on a kernel before them; what a libc newer than this list tries first, it can do
 * without. */
enum { FIRST_NEW_CALL = 424, LAST_NEW_CALL = 511 };

static unsigned
needs_of(const struct lk_sandbox *sandbox)
{
	return EVERYBODY | (sandbox->listens ? LISTENER : 0) | (sandbox->ipc ? IPC_LISTENER : 0) |
	       (sandbox->writes ? WRITER : 0) | (sandbox->network ? NETWORK : 0) |
	       (sandbox->dials ? DIALER : 0) | (sandbox->http ? HTTP : 0) |
	       (sandbox->modules ? MODULE : 0);
}

static const struct call {
	unsigned need;
	int number;
} calls[] = {
#define CALL(need, name) { need, SCMP_SYS(name) },
#include "daemon/calls.def"
#undef CALL
};

/* ---- By argument ---- */

/* Only the lower half of what has 32 bits: the kernel does not look at the other. */
#define LOWER(argument, value)                                                                     \
	SCMP_CMP(argument, SCMP_CMP_MASKED_EQ, UINT32_MAX, (scmp_datum_t)(uint32_t)(value))
#define BITS(argument, mask, value)                                                                \
	SCMP_CMP(argument, SCMP_CMP_MASKED_EQ, (scmp_datum_t)(mask), (scmp_datum_t)(value))

enum {
	CLONE_FLAGS_OF_A_THREAD = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD,
	CLONE_FLAGS_OF_A_NAMESPACE = CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC |
				     CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET,
};

/* A row has one condition, or two. */
static const struct condition {
	unsigned need;
	int number;
	struct scmp_arg_cmp all[2];
} conditions[] = {
#define ONLY(need, name, ...) { need, SCMP_SYS(name), { __VA_ARGS__ } },
#include "daemon/calls_by_argument.def"
#undef ONLY
};

static unsigned
count_of(const struct condition *row)
{
	return row->all[1].op == 0 ? 1 : 2;
}

/* Signals go to this very process; only it knows its number. */
static int
allow_own_signals(scmp_filter_ctx filter)
{
	return seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(tgkill), 1, LOWER(0, getpid()));
}

/* ---- The filter ---- */

static bool
is_listed(int number, unsigned needs)
{
	for (size_t i = 0; i < LK_ARRAY_LEN(calls); i++) {
		if (calls[i].number == number && calls[i].need & needs)
			return true;
	}
	return false;
}

/* Void where another row allows the call whatever its arguments. */
static int
allow_by_argument(scmp_filter_ctx filter, unsigned needs)
{
	int rv = 0;

	for (size_t i = 0; i < LK_ARRAY_LEN(conditions) && rv == 0; i++) {
		const struct condition *row = &conditions[i];
		if (row->need & needs && !is_listed(row->number, needs))
			rv = seccomp_rule_add_array(
			    filter, SCMP_ACT_ALLOW, row->number, count_of(row), row->all);
	}
	return rv;
}

static int
allow_listed(scmp_filter_ctx filter, unsigned needs)
{
	int rv = 0;

	for (size_t i = 0; i < LK_ARRAY_LEN(calls) && rv == 0; i++) {
		if (calls[i].need & needs)
			rv = seccomp_rule_add(filter, SCMP_ACT_ALLOW, calls[i].number, 0);
	}
	return rv;
}

/* What the second filter passes because the first one answers it. */
static int
leave_new_calls(scmp_filter_ctx filter, unsigned needs)
{
	int rv = 0;

	for (int number = FIRST_NEW_CALL; number <= LAST_NEW_CALL && rv == 0; number++) {
		if (!is_listed(number, needs))
			rv = seccomp_rule_add(filter, SCMP_ACT_ALLOW, number, 0);
	}
	return rv;
}

/* A kernel before 4.14 does not log; the filter holds all the same. */
static int
compose_list(scmp_filter_ctx filter, const struct lk_sandbox *sandbox)
{
	const unsigned needs = needs_of(sandbox);
	int rv = seccomp_attr_set(filter, SCMP_FLTATR_CTL_OPTIMIZE, 2); /* a tree */

	(void)seccomp_attr_set(filter, SCMP_FLTATR_CTL_LOG, 1);
	if (rv == 0)
		rv = allow_listed(filter, needs);
	if (rv == 0)
		rv = allow_by_argument(filter, needs);
	if (rv == 0)
		rv = allow_own_signals(filter);
	if (rv == 0)
		rv = sandbox->only_logs
			 ? seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(clone3), 0)
			 : leave_new_calls(filter, needs);
	return rv;
}

/* Not logged: the libc tries clone3 for every thread. */
static int
compose_absent(scmp_filter_ctx filter, const struct lk_sandbox *sandbox)
{
	const unsigned needs = needs_of(sandbox);
	int rv = 0;

	if (sandbox->only_logs)
		return seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0);
	for (int number = FIRST_NEW_CALL; number <= LAST_NEW_CALL && rv == 0; number++) {
		if (!is_listed(number, needs))
			rv = seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), number, 0);
	}
	return rv;
}

static void
releasep(scmp_filter_ctx *filter)
{
	seccomp_release(*filter);
}

static lk_status
refused(struct lk_error *err, int negative_errno)
{
	return lk_fail(err, LK_FAILED_PRECONDITION, "SANDBOX_REFUSED",
	    "the kernel does not limit the system calls of this process: %s",
	    strerror(-negative_errno));
}

typedef int (*compose_fn)(scmp_filter_ctx filter, const struct lk_sandbox *sandbox);

static lk_status
make(const struct lk_sandbox *sandbox, compose_fn compose, uint32_t otherwise,
    scmp_filter_ctx *out_filter, struct lk_error *err)
{
	LK_AUTO(releasep) scmp_filter_ctx filter = seccomp_init(otherwise);

	if (!filter)
		return lk_fail_oom(err);
	int rv = seccomp_attr_set(filter, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_ERRNO(EPERM));
	if (rv == 0)
		rv = compose(filter, sandbox);
	if (rv != 0)
		return refused(err, rv);
	*out_filter = LK_TAKE(filter);
	return LK_OK;
}

static lk_status
make_list(const struct lk_sandbox *sandbox, scmp_filter_ctx *out_filter, struct lk_error *err)
{
	return make(sandbox, compose_list,
	    sandbox->only_logs ? SCMP_ACT_LOG : SCMP_ACT_ERRNO(EPERM), out_filter, err);
}

lk_status
lk_calls_limit(const struct lk_sandbox *sandbox, struct lk_error *err)
{
	LK_AUTO(releasep) scmp_filter_ctx list = NULL;
	LK_AUTO(releasep) scmp_filter_ctx absent = NULL;

	LK_TRY(make_list(sandbox, &list, err));
	LK_TRY(make(sandbox, compose_absent, SCMP_ACT_ALLOW, &absent, err));
	int rv = seccomp_load(absent); /* first: the list allows no second filter */
	if (rv == 0)
		rv = seccomp_load(list);
	return rv == 0 ? LK_OK : refused(err, rv);
}

lk_status
lk_calls_export(const struct lk_sandbox *sandbox, int fd, struct lk_error *err)
{
	LK_AUTO(releasep) scmp_filter_ctx list = NULL;

	LK_TRY(make_list(sandbox, &list, err));
	const int rv = seccomp_export_bpf(list, fd);
	return rv == 0 ? LK_OK : refused(err, rv);
}

bool
lk_calls_can_be_limited(void)
{
	return prctl(PR_GET_SECCOMP, 0, 0, 0, 0) >= 0 || errno != EINVAL;
}
