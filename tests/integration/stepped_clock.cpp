#include "tests/integration/stepped_clock.hpp"

#include <array>
#include <atomic>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <fcntl.h>
#include <string>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

namespace tocsin::tests {

namespace {

constexpr const char* variable = "TOCSIN_TEST_CLOCK";

[[noreturn]] void give_up(const char* what)
{
    std::perror(what);
    std::abort();
}

std::chrono::nanoseconds real()
{
    timespec now{};
    syscall(SYS_clock_gettime, CLOCK_REALTIME, &now);
    return std::chrono::seconds{now.tv_sec} + std::chrono::nanoseconds{now.tv_nsec};
}

std::atomic_ref<std::int64_t> offset()
{
    static std::int64_t* const shared = [] {
        const int file = open(std::getenv(variable), O_RDWR | O_CLOEXEC);
        void* at = mmap(nullptr, sizeof(std::int64_t), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
        if (file < 0 || at == MAP_FAILED) give_up("the clock's file");
        close(file);
        return static_cast<std::int64_t*>(at);
    }();
    return std::atomic_ref{*shared};
}

} // namespace

void SteppedClock::enter(char** arguments)
{
    if (std::getenv(variable) != nullptr) return;
    std::string path = "/tmp/tocsin-clock-XXXXXX";
    const int file = mkstemp(path.data());
    if (file < 0 || ftruncate(file, sizeof(std::int64_t)) != 0) give_up("the clock's file");
    unlink(path.c_str());
    // Inherited by everything that is started, under the same number; gone with the last of them.
    const std::string inherited = "/proc/self/fd/" + std::to_string(file);
    setenv(variable, inherited.c_str(), 1);
    setenv("LD_PRELOAD", TOCSIN_CLOCK_SHIM, 1);
    execv("/proc/self/exe", arguments);
    give_up("execv");
}

void SteppedClock::set(TimePoint at)
{
    offset().store((std::chrono::nanoseconds{at.time_since_epoch()} - real()).count());
}

TimePoint SteppedClock::now()
{
    return TimePoint{std::chrono::floor<std::chrono::milliseconds>(
        real() + std::chrono::nanoseconds{offset().load()})};
}

} // namespace tocsin::tests
