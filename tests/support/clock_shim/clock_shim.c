/*
 * The clocks of a machine as a test sets them, for real processes: loaded before the C library
 * (LD_PRELOAD), it adds offsets from a shared file to every reading of the wall clock and the boot
 * clock, says whether the wall clock is synchronised, and has another boot id when the test says so.
 *
 * The monotonic clock stays as it is. Links, timeouts and pauses live on it, and go on in real time;
 * what is dated lives on the wall clock, what is promised on the boot clock, and these jump. That is
 * what a suspend, a corrected clock or a change of the battery does to a machine.
 */
#define _GNU_SOURCE
#include "clock_shim.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/timex.h>
#include <time.h>
#include <unistd.h>

static const int64_t ns_per_s = 1000000000;
static const char boot_id_path[] = "/proc/sys/kernel/random/boot_id";

static const struct tocsin_test_clocks* clocks;

__attribute__((constructor)) static void map_clocks(void)
{
    const char* path = getenv("TOCSIN_TEST_CLOCK");
    if (path == NULL) return;
    const int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0) return;
    void* at = mmap(NULL, sizeof *clocks, PROT_READ, MAP_SHARED, file, 0);
    close(file);
    if (at != MAP_FAILED) clocks = at;
}

static int64_t offset_of(clockid_t clock)
{
    switch (clock) {
    case CLOCK_REALTIME:
    case CLOCK_REALTIME_COARSE:
        return __atomic_load_n(&clocks->wall_ns, __ATOMIC_RELAXED);
    case CLOCK_BOOTTIME:
        return __atomic_load_n(&clocks->boot_ns, __ATOMIC_RELAXED);
    default:
        return 0;
    }
}

static int read_clock(clockid_t clock, struct timespec* to)
{
    const int failed = (int)syscall(SYS_clock_gettime, clock, to);
    if (failed != 0 || clocks == NULL) return failed;
    const int64_t ns = (int64_t)to->tv_sec * ns_per_s + to->tv_nsec + offset_of(clock);
    to->tv_sec = ns / ns_per_s;
    to->tv_nsec = ns % ns_per_s;
    return 0;
}

int clock_gettime(clockid_t clock, struct timespec* to)
{
    return read_clock(clock, to);
}

time_t time(time_t* to)
{
    struct timespec now;
    if (read_clock(CLOCK_REALTIME, &now) != 0) return (time_t)-1;
    if (to != NULL) *to = now.tv_sec;
    return now.tv_sec;
}

int gettimeofday(struct timeval* restrict to, void* restrict zone)
{
    (void)zone;
    struct timespec now;
    if (read_clock(CLOCK_REALTIME, &now) != 0) return -1;
    to->tv_sec = now.tv_sec;
    to->tv_usec = now.tv_nsec / 1000;
    return 0;
}

int adjtimex(struct timex* state)
{
    if (clocks == NULL) return (int)syscall(SYS_adjtimex, state);
    memset(state, 0, sizeof *state);
    if (__atomic_load_n(&clocks->synchronised, __ATOMIC_RELAXED) != 0) return TIME_OK;
    state->status = STA_UNSYNC;
    return TIME_ERROR;
}

static const char* instead_of(const char* path)
{
    return clocks != NULL && strcmp(path, boot_id_path) == 0 ? getenv("TOCSIN_TEST_CLOCK") : path;
}

typedef FILE* (*open_file)(const char*, const char*);

FILE* fopen(const char* restrict path, const char* restrict mode)
{
    return ((open_file)dlsym(RTLD_NEXT, "fopen"))(instead_of(path), mode);
}

FILE* fopen64(const char* restrict path, const char* restrict mode)
{
    return ((open_file)dlsym(RTLD_NEXT, "fopen64"))(instead_of(path), mode);
}
