#include "sensor/syscalls.h"

#include <errno.h>
#include <sched.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <seccomp.h>

/* Whatever their arguments. The names are the kernel's; those that an architecture has not are
 * skipped. */
static const int allowed[] = {
	/* files that are open, and files by name, which the sandbox bounds */
	SCMP_SYS(read), SCMP_SYS(write), SCMP_SYS(readv), SCMP_SYS(writev), SCMP_SYS(pread64),
	SCMP_SYS(pwrite64), SCMP_SYS(preadv), SCMP_SYS(pwritev), SCMP_SYS(lseek), SCMP_SYS(close),
	SCMP_SYS(dup), SCMP_SYS(fcntl), SCMP_SYS(ioctl), SCMP_SYS(flock), SCMP_SYS(fsync),
	SCMP_SYS(fdatasync), SCMP_SYS(ftruncate), SCMP_SYS(fallocate), SCMP_SYS(open),
	SCMP_SYS(openat), SCMP_SYS(stat), SCMP_SYS(lstat), SCMP_SYS(fstat), SCMP_SYS(newfstatat),
	SCMP_SYS(statx), SCMP_SYS(statfs), SCMP_SYS(fstatfs), SCMP_SYS(access), SCMP_SYS(faccessat),
	SCMP_SYS(faccessat2), SCMP_SYS(readlink), SCMP_SYS(readlinkat), SCMP_SYS(getdents64),
	SCMP_SYS(getcwd), SCMP_SYS(rename), SCMP_SYS(renameat), SCMP_SYS(renameat2),
	SCMP_SYS(unlink), SCMP_SYS(unlinkat), SCMP_SYS(umask), SCMP_SYS(fadvise64),
	SCMP_SYS(fchmod), SCMP_SYS(fchown), /* journals get the rights of their file */
	/* memory */
	SCMP_SYS(munmap), SCMP_SYS(mremap), SCMP_SYS(madvise), SCMP_SYS(brk), SCMP_SYS(mincore),
	SCMP_SYS(mlock), SCMP_SYS(munlock), SCMP_SYS(mbind), SCMP_SYS(get_mempolicy),
	SCMP_SYS(set_mempolicy), SCMP_SYS(membarrier),
	/* threads of its own */
	SCMP_SYS(futex), SCMP_SYS(futex_waitv), SCMP_SYS(set_robust_list), SCMP_SYS(rseq),
	SCMP_SYS(set_tid_address), SCMP_SYS(sched_yield), SCMP_SYS(sched_getaffinity),
	SCMP_SYS(sched_setaffinity), SCMP_SYS(sched_getparam), SCMP_SYS(sched_getscheduler),
	SCMP_SYS(getcpu), SCMP_SYS(exit), SCMP_SYS(exit_group), SCMP_SYS(restart_syscall),
	SCMP_SYS(rt_sigaction), SCMP_SYS(rt_sigprocmask), SCMP_SYS(rt_sigreturn),
	SCMP_SYS(rt_sigtimedwait), SCMP_SYS(sigaltstack),
	/* time and waiting */
	SCMP_SYS(clock_gettime), SCMP_SYS(clock_getres), SCMP_SYS(clock_nanosleep),
	SCMP_SYS(nanosleep), SCMP_SYS(gettimeofday), SCMP_SYS(time), SCMP_SYS(times),
	SCMP_SYS(timerfd_create), SCMP_SYS(timerfd_settime), SCMP_SYS(timerfd_gettime),
	SCMP_SYS(poll), SCMP_SYS(ppoll), SCMP_SYS(select), SCMP_SYS(pselect6),
	SCMP_SYS(epoll_create), SCMP_SYS(epoll_create1), SCMP_SYS(epoll_ctl), SCMP_SYS(epoll_wait),
	SCMP_SYS(epoll_pwait), SCMP_SYS(epoll_pwait2), SCMP_SYS(eventfd), SCMP_SYS(eventfd2),
	SCMP_SYS(pipe), SCMP_SYS(pipe2),
	/* sockets: those that listen, collectors of events, names of hosts */
	SCMP_SYS(connect), SCMP_SYS(bind), SCMP_SYS(accept), SCMP_SYS(accept4), SCMP_SYS(sendto),
	SCMP_SYS(sendmsg), SCMP_SYS(sendmmsg), SCMP_SYS(recvfrom), SCMP_SYS(recvmsg),
	SCMP_SYS(recvmmsg), SCMP_SYS(shutdown), SCMP_SYS(getsockname), SCMP_SYS(getpeername),
	SCMP_SYS(getsockopt), SCMP_SYS(setsockopt),
	/* who and where it is */
	SCMP_SYS(getpid), SCMP_SYS(gettid), SCMP_SYS(getppid), SCMP_SYS(getuid), SCMP_SYS(geteuid),
	SCMP_SYS(getgid), SCMP_SYS(getegid), SCMP_SYS(getresuid), SCMP_SYS(getresgid),
	SCMP_SYS(getrandom), SCMP_SYS(uname), SCMP_SYS(sysinfo), SCMP_SYS(getrusage)};

/* Argument number `arg` has this value. */
static struct scmp_arg_cmp is(unsigned arg, uint64_t value)
{
	return (struct scmp_arg_cmp){.arg = arg, .op = SCMP_CMP_EQ, .datum_a = value};
}

/* Of argument number `arg`, the bits of the mask have this value. */
static struct scmp_arg_cmp has(unsigned arg, uint64_t mask, uint64_t value)
{
	return (struct scmp_arg_cmp){
		.arg = arg, .op = SCMP_CMP_MASKED_EQ, .datum_a = mask, .datum_b = value};
}

static int allow_call(scmp_filter_ctx filter, int call)
{
	int error = seccomp_rule_add(filter, SCMP_ACT_ALLOW, call, 0);

	/* -EDOM: this architecture has no such call. */
	return error == -EDOM ? 0 : error;
}

/* With this comparison of an argument. */
static int allow_with(scmp_filter_ctx filter, int call, struct scmp_arg_cmp argument)
{
	int error = seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, call, 1, &argument);

	return error == -EDOM ? 0 : error;
}

/* Signals to this process, as abort() and pthread_kill() send them. */
static int allow_own_signals(scmp_filter_ctx filter)
{
	int error = allow_with(filter, SCMP_SYS(tgkill), is(0, (uint64_t)getpid()));

	return error ? error : allow_with(filter, SCMP_SYS(kill), is(0, (uint64_t)getpid()));
}

/* Sockets of these families: no packet sockets, whatever rights there are. */
static int allow_sockets(scmp_filter_ctx filter)
{
	static const uint64_t family[] = {AF_UNIX, AF_INET, AF_INET6, AF_NETLINK};
	int error = 0;

	for (size_t i = 0; i < sizeof(family) / sizeof(*family) && error == 0; i++)
		error = allow_with(filter, SCMP_SYS(socket), is(0, family[i]));
	return error;
}

/* Memory that is executable or writable, never both. */
static int allow_memory(scmp_filter_ctx filter)
{
	static const int call[] = {SCMP_SYS(mmap), SCMP_SYS(mprotect)};
	int error = 0;

	for (size_t i = 0; i < sizeof(call) / sizeof(*call) && error == 0; i++) {
		error = allow_with(filter, call[i], has(2, PROT_EXEC, 0));
		if (error == 0)
			error = allow_with(
				filter, call[i], has(2, PROT_EXEC | PROT_WRITE, PROT_EXEC));
	}
	return error;
}

/* Threads, not processes. The arguments of clone3() are in memory, where a filter cannot look: as
 * if the kernel had none, glibc then takes clone(). */
static int allow_threads(scmp_filter_ctx filter)
{
	int error = allow_with(filter, SCMP_SYS(clone),
		has(0, CLONE_THREAD | CLONE_NEWUSER | CLONE_NEWNS, CLONE_THREAD));

	if (error == 0)
		error = seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0);
	return error;
}

/* A thread's name, and limits of its own to read. */
static int allow_settings(scmp_filter_ctx filter)
{
	static const uint64_t option[] = {
		PR_SET_NAME, PR_GET_NAME, PR_GET_DUMPABLE, PR_SET_TIMERSLACK};
	int error = 0;

	for (size_t i = 0; i < sizeof(option) / sizeof(*option) && error == 0; i++)
		error = allow_with(filter, SCMP_SYS(prctl), is(0, option[i]));
	if (error == 0)
		error = allow_with(filter, SCMP_SYS(prlimit64), is(2, 0));
	return error ? error : allow_call(filter, SCMP_SYS(getrlimit));
}

static int fill(scmp_filter_ctx filter)
{
	int (*const some[])(scmp_filter_ctx) = {
		allow_own_signals, allow_sockets, allow_memory, allow_threads, allow_settings};
	int error = seccomp_attr_set(filter, SCMP_FLTATR_CTL_TSYNC, 1);

	for (size_t i = 0; i < sizeof(allowed) / sizeof(*allowed) && error == 0; i++)
		error = allow_call(filter, allowed[i]);
	for (size_t i = 0; i < sizeof(some) / sizeof(*some) && error == 0; i++)
		error = some[i](filter);
	return error;
}

int syscalls_restrict(void)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_KILL_PROCESS);
	int error;

	if (!filter)
		return -ENOMEM;
	/* Binary tree: some ten comparisons a call rather than a hundred. */
	seccomp_attr_set(filter, SCMP_FLTATR_CTL_OPTIMIZE, 2);
	error = fill(filter);
	if (error == 0)
		error = seccomp_load(filter);
	seccomp_release(filter);
	return error == -ECANCELED ? -EOPNOTSUPP : error;
}
