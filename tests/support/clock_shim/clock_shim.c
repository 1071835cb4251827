/*
 * A wall clock that a test sets, for real processes: loaded before the C library (LD_PRELOAD), it adds
 * an offset from a shared file to every reading of the wall clock.
 *
 * The monotonic and the boot clock stay as they are. Links, timeouts and pauses live on those, and go on
 * in real time; what is dated and promised lives on the wall clock, and jumps. That is what a suspend,
 * a corrected clock or a change of the battery does to a machine.
 *
 * TOCSIN_TEST_CLOCK names the file: 8 bytes, nanoseconds to add, in the machine's own order.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static const int64_t ns_per_s = 1000000000;

static const int64_t* offset_at;

__attribute__((constructor)) static void map_offset(void)
{
    const char* path = getenv("TOCSIN_TEST_CLOCK");
    if (path == NULL) return;
    const int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0) return;
    void* at = mmap(NULL, sizeof(int64_t), PROT_READ, MAP_SHARED, file, 0);
    close(file);
    if (at != MAP_FAILED) offset_at = at;
}

static int read_clock(clockid_t clock, struct timespec* to)
{
    const int failed = (int)syscall(SYS_clock_gettime, clock, to);
    if (failed != 0 || offset_at == NULL) return failed;
    if (clock != CLOCK_REALTIME && clock != CLOCK_REALTIME_COARSE) return 0;
    const int64_t ns = (int64_t)to->tv_sec * ns_per_s + to->tv_nsec +
                       __atomic_load_n(offset_at, __ATOMIC_RELAXED);
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
