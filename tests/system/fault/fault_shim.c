/* A library for LD_PRELOAD: one allocation or one write of a program fails, for tests.
 *
 * The test and the program share a file, named by PORTOLAN_FAULT: what shall fail is set there, and
 * what happened is counted there, also while the program runs and over an exec. Nothing is called
 * but system calls and glibc's own allocator, so that the shim has no state of its own to set up
 * before the first allocation.
 *
 * stdio writes by calls inside glibc that no library can replace: standard output becomes a stream
 * whose writes are ours. What goes to standard error never fails: that is where a program says why.
 */
/* Both names of every function are here: glibc does not have to give one the name of the other. */
#undef _FILE_OFFSET_BITS

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

enum kind { KIND_MEMORY, KIND_WRITE, KINDS };

/* The file that is shared; test_faults.py has the same layout. */
struct fault {
	/* which call fails, from 1; with `every` also every so many later ones; 0: none */
	_Atomic uint64_t at[KINDS], every[KINDS];
	_Atomic uint64_t seen[KINDS], failed[KINDS];
	_Atomic uint64_t write_error; /* errno of a write that fails */
	_Atomic int64_t live;	      /* blocks allocated and not freed */
};

static struct fault *fault;

extern void *__libc_malloc(size_t);
extern void *__libc_calloc(size_t, size_t);
extern void *__libc_realloc(void *, size_t);
extern void *__libc_memalign(size_t, size_t);
extern void __libc_free(void *);

/* Counts a call, and tells whether it shall fail. */
static bool is_due(enum kind kind)
{
	uint64_t n, at, every;

	if (!fault)
		return false;
	n = atomic_fetch_add(&fault->seen[kind], 1) + 1;
	at = atomic_load(&fault->at[kind]);
	every = atomic_load(&fault->every[kind]);
	if (at == 0 || (n != at && (every == 0 || n < at || (n - at) % every != 0)))
		return false;
	atomic_fetch_add(&fault->failed[kind], 1);
	errno = kind == KIND_MEMORY ? ENOMEM : (int)atomic_load(&fault->write_error);
	return true;
}

/* ---- memory ---- */

/* Where libseccomp lies: short of memory its version 2.5.4 frees a filter twice, and may not come
 * to an end. What it allocates never fails. */
static uintptr_t spared_from, spared_to;

static int find_spared(struct dl_phdr_info *info, size_t bytes, void *unused)
{
	(void)bytes;
	(void)unused;
	if (!strstr(info->dlpi_name, "libseccomp"))
		return 0;
	for (unsigned i = 0; i < info->dlpi_phnum; i++) {
		uintptr_t from = info->dlpi_addr + info->dlpi_phdr[i].p_vaddr;
		if (info->dlpi_phdr[i].p_type != PT_LOAD)
			continue;
		spared_from = spared_from && spared_from < from ? spared_from : from;
		if (from + info->dlpi_phdr[i].p_memsz > spared_to)
			spared_to = from + info->dlpi_phdr[i].p_memsz;
	}
	return 1;
}

static bool is_memory_due(const void *caller)
{
	uintptr_t at = (uintptr_t)caller;

	return (at < spared_from || at >= spared_to) && is_due(KIND_MEMORY);
}

static void *counted(void *memory)
{
	if (fault && memory)
		atomic_fetch_add(&fault->live, 1);
	return memory;
}

void *malloc(size_t bytes)
{
	return is_memory_due(__builtin_return_address(0)) ? NULL : counted(__libc_malloc(bytes));
}

void *calloc(size_t count, size_t bytes)
{
	return is_memory_due(__builtin_return_address(0)) ? NULL
							  : counted(__libc_calloc(count, bytes));
}

void *realloc(void *old, size_t bytes)
{
	void *memory;

	if (is_memory_due(__builtin_return_address(0)))
		return NULL;
	memory = __libc_realloc(old, bytes);
	return old ? memory : counted(memory);
}

void *memalign(size_t alignment, size_t bytes)
{
	return is_memory_due(__builtin_return_address(0))
		       ? NULL
		       : counted(__libc_memalign(alignment, bytes));
}

void *aligned_alloc(size_t alignment, size_t bytes)
{
	return memalign(alignment, bytes);
}

int posix_memalign(void **memory, size_t alignment, size_t bytes)
{
	void *found = memalign(alignment, bytes);

	if (!found)
		return ENOMEM;
	*memory = found;
	return 0;
}

void free(void *memory)
{
	if (fault && memory)
		atomic_fetch_sub(&fault->live, 1);
	__libc_free(memory);
}

void *mmap(void *address, size_t bytes, int protection, int flags, int fd, off_t offset)
{
	if (flags & MAP_ANONYMOUS && is_memory_due(__builtin_return_address(0)))
		return MAP_FAILED;
	return (void *)syscall(SYS_mmap, address, bytes, protection, flags, fd, offset);
}

void *mmap64(void *address, size_t bytes, int protection, int flags, int fd, off_t offset)
{
	return mmap(address, bytes, protection, flags, fd, offset);
}

/* ---- writes ---- */

ssize_t write(int fd, const void *bytes, size_t count)
{
	if (fd != STDERR_FILENO && is_due(KIND_WRITE))
		return -1;
	return syscall(SYS_write, fd, bytes, count);
}

ssize_t writev(int fd, const struct iovec *part, int parts)
{
	if (fd != STDERR_FILENO && is_due(KIND_WRITE))
		return -1;
	return syscall(SYS_writev, fd, part, parts);
}

ssize_t pwrite(int fd, const void *bytes, size_t count, off_t offset)
{
	return is_due(KIND_WRITE) ? -1 : syscall(SYS_pwrite64, fd, bytes, count, offset);
}

ssize_t pwrite64(int fd, const void *bytes, size_t count, off_t offset)
{
	return pwrite(fd, bytes, count, offset);
}

int fsync(int fd)
{
	return is_due(KIND_WRITE) ? -1 : (int)syscall(SYS_fsync, fd);
}

int fdatasync(int fd)
{
	return is_due(KIND_WRITE) ? -1 : (int)syscall(SYS_fdatasync, fd);
}

int ftruncate(int fd, off_t bytes)
{
	return is_due(KIND_WRITE) ? -1 : (int)syscall(SYS_ftruncate, fd, bytes);
}

int ftruncate64(int fd, off_t bytes)
{
	return ftruncate(fd, bytes);
}

int renameat(int from, const char *old, int to, const char *new)
{
	return is_due(KIND_WRITE) ? -1 : (int)syscall(SYS_renameat, from, old, to, new);
}

int rename(const char *old, const char *new)
{
	return renameat(AT_FDCWD, old, AT_FDCWD, new);
}

static int open_counted(int folder, const char *path, int flags, mode_t mode)
{
	bool writes = (flags & O_ACCMODE) != O_RDONLY || flags & O_CREAT;

	return writes && is_due(KIND_WRITE) ? -1
					    : (int)syscall(SYS_openat, folder, path, flags, mode);
}

static mode_t mode_of(int flags, va_list args)
{
	return flags & (O_CREAT | O_TMPFILE) ? va_arg(args, mode_t) : 0;
}

int open(const char *path, int flags, ...)
{
	va_list args;
	mode_t mode;

	va_start(args, flags);
	mode = mode_of(flags, args);
	va_end(args);
	return open_counted(AT_FDCWD, path, flags, mode);
}

int open64(const char *path, int flags, ...)
{
	va_list args;
	mode_t mode;

	va_start(args, flags);
	mode = mode_of(flags, args);
	va_end(args);
	return open_counted(AT_FDCWD, path, flags, mode);
}

int openat(int folder, const char *path, int flags, ...)
{
	va_list args;
	mode_t mode;

	va_start(args, flags);
	mode = mode_of(flags, args);
	va_end(args);
	return open_counted(folder, path, flags, mode);
}

int openat64(int folder, const char *path, int flags, ...)
{
	va_list args;
	mode_t mode;

	va_start(args, flags);
	mode = mode_of(flags, args);
	va_end(args);
	return open_counted(folder, path, flags, mode);
}

static ssize_t stdout_write(void *context, const char *bytes, size_t count)
{
	ssize_t written = write(STDOUT_FILENO, bytes, count);

	(void)context;
	return written < 0 ? 0 : written; /* fopencookie(3): 0 is the error */
}

__attribute__((constructor)) static void fault_open(void)
{
	const char *path = getenv("PORTOLAN_FAULT");
	int fd = path ? (int)syscall(SYS_openat, AT_FDCWD, path, O_RDWR | O_CLOEXEC, 0) : -1;
	void *shared;

	if (fd < 0)
		return;
	dl_iterate_phdr(find_spared, NULL);
	stdout = fopencookie(NULL, "w", (cookie_io_functions_t){.write = stdout_write});
	shared = (void *)syscall(
		SYS_mmap, NULL, sizeof(*fault), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	syscall(SYS_close, fd);
	if (shared != MAP_FAILED)
		fault = shared;
}
