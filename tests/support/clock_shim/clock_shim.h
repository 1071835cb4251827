/* What stands in the file that TOCSIN_TEST_CLOCK names: a machine's clocks, as a test sets them. */
#ifndef TOCSIN_TEST_CLOCK_SHIM_H
#define TOCSIN_TEST_CLOCK_SHIM_H

#include <stdint.h>

struct tocsin_test_clocks {
    char boot_id[40];     /* text and a newline: the file stands in for the kernel's */
    int64_t wall_ns;      /* to add to every reading of the wall clock */
    int64_t boot_ns;      /* to add to every reading of the boot clock */
    int64_t synchronised; /* what the kernel says of the wall clock */
};

#endif
