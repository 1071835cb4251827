#include "client-lib/crypto/init.hpp"

#include <sodium.h>

#include <sys/prctl.h>
#include <sys/resource.h>

#include <cstdio>
#include <cstdlib>

namespace tocsin::crypto {

void init()
{
    // 0: done now, 1: done before. libsodium takes its own lock.
    if (sodium_init() >= 0) return;
    std::fputs("tocsin: the system gives no randomness; nothing can be sealed, stopping\n", stderr);
    std::abort();
}

bool harden_process() noexcept
{
    const rlimit none{0, 0};
    const bool no_core = setrlimit(RLIMIT_CORE, &none) == 0;
    const bool not_dumpable = prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == 0;
    return no_core && not_dumpable;
}

} // namespace tocsin::crypto
