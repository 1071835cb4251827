/*
 * A disk whose cache flush is honest: loaded before the C library (LD_PRELOAD), it makes every
 * fsync and fdatasync take TOCSIN_SYNC_DELAY_US longer. Only for programs that sync through the C
 * library, so not for Go's own system calls.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

static struct timespec delay;

__attribute__((constructor)) static void read_delay(void)
{
    const char* text = getenv("TOCSIN_SYNC_DELAY_US");
    const long us = text == NULL ? 0 : strtol(text, NULL, 10);
    delay.tv_sec = us / 1000000;
    delay.tv_nsec = us % 1000000 * 1000;
}

typedef int (*sync_function)(int);

/* POSIX promises that a symbol's address fits a function pointer, ISO C does not. */
static sync_function real(const char* name)
{
    sync_function function;
    *(void**)&function = dlsym(RTLD_NEXT, name);
    return function;
}

int fsync(int file)
{
    nanosleep(&delay, NULL);
    return real("fsync")(file);
}

int fdatasync(int file)
{
    nanosleep(&delay, NULL);
    return real("fdatasync")(file);
}
