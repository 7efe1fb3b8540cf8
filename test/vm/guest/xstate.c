/* Preloaded into user-mode Linux before 7: it hands PTRACE_SETREGSET(NT_X86_XSTATE) a buffer of 2696
   bytes, but a machine with larger registers (AMX: 11008 bytes) takes nothing shorter than its own. */
#define _GNU_SOURCE
#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

enum { PEEKTEXT = 1, PEEKUSER = 3, GETREGSET = 0x4204, SETREGSET = 0x4205, XSTATE = 0x202 };
enum { XSTATE_BV = 512, LEGACY = 576, PARTS = 0x3ff };

static unsigned char whole[65536] __attribute__((aligned(64)));
static size_t whole_length;

static long call(long request, long pid, long address, void *data)
{
	return syscall(SYS_ptrace, request, pid, address, data);
}

/* The kernel's answer to a peek goes to memory; libc's ptrace returns it. */
static long peek(long request, long pid, long address)
{
	long word, result = call(request, pid, address, &word);
	if (result < 0)
		return result;
	errno = 0;
	return word;
}

/* The same registers in a buffer as long as the machine wants it. */
static long set_whole(long pid, const struct iovec *given)
{
	struct iovec io = { whole, sizeof whole };
	uint64_t parts;

	if (!whole_length) {
		if (call(GETREGSET, pid, XSTATE, &io) < 0)
			return -1;
		whole_length = io.iov_len;
	}
	if (given->iov_len >= whole_length || given->iov_len < LEGACY) {
		errno = EFAULT;
		return -1;
	}
	memset(whole, 0, whole_length);
	memcpy(whole, given->iov_base, given->iov_len);
	memcpy(&parts, whole + XSTATE_BV, sizeof parts);
	parts &= PARTS;
	memcpy(whole + XSTATE_BV, &parts, sizeof parts);
	io.iov_len = whole_length;
	return call(SETREGSET, pid, XSTATE, &io);
}

long ptrace(int request, ...)
{
	va_list rest;
	long pid, address, result;
	void *data;

	va_start(rest, request);
	pid = va_arg(rest, int);
	address = va_arg(rest, long);
	data = va_arg(rest, void *);
	va_end(rest);
	if (request >= PEEKTEXT && request <= PEEKUSER)
		return peek(request, pid, address);
	result = call(request, pid, address, data);
	if (result < 0 && errno == EFAULT && request == SETREGSET && address == XSTATE)
		return set_whole(pid, data);
	return result;
}
