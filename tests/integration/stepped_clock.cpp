#include "tests/integration/stepped_clock.hpp"

#include "tests/support/clock_shim/clock_shim.h"

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

tocsin_test_clocks& clocks()
{
    static tocsin_test_clocks* const shared = [] {
        const int file = open(std::getenv(variable), O_RDWR | O_CLOEXEC);
        void* at =
            mmap(nullptr, sizeof(tocsin_test_clocks), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
        if (file < 0 || at == MAP_FAILED) give_up("the clocks' file");
        close(file);
        return static_cast<tocsin_test_clocks*>(at);
    }();
    return *shared;
}

std::atomic_ref<std::int64_t> wall() { return std::atomic_ref{clocks().wall_ns}; }

void write_boot_id(tocsin_test_clocks& to, unsigned number)
{
    std::snprintf(to.boot_id, sizeof to.boot_id, "00000000-0000-4000-8000-%012x\n", number);
}

} // namespace

void SteppedClock::enter(char** arguments)
{
    if (std::getenv(variable) != nullptr) return;
    std::string path = "/tmp/tocsin-clock-XXXXXX";
    const int file = mkstemp(path.data());
    tocsin_test_clocks first{};
    first.synchronised = 1;
    write_boot_id(first, 1);
    if (file < 0 || write(file, &first, sizeof first) != sizeof first) give_up("the clocks' file");
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
    const std::int64_t next = (std::chrono::nanoseconds{at.time_since_epoch()} - real()).count();
    const std::int64_t passed = next - wall().exchange(next);
    if (passed > 0) std::atomic_ref{clocks().boot_ns} += passed;
}

void SteppedClock::pass(std::chrono::milliseconds time)
{
    wall() += std::chrono::nanoseconds{time}.count();
    std::atomic_ref{clocks().boot_ns} += std::chrono::nanoseconds{time}.count();
}

void SteppedClock::set_wall(TimePoint at, bool synchronised)
{
    std::atomic_ref{clocks().synchronised} = synchronised ? 1 : 0;
    wall() = (std::chrono::nanoseconds{at.time_since_epoch()} - real()).count();
}

void SteppedClock::reboot(std::chrono::milliseconds off)
{
    static unsigned boots = 1;
    write_boot_id(clocks(), ++boots);
    wall() += std::chrono::nanoseconds{off}.count();
    std::atomic_ref{clocks().boot_ns} = 0;
}

TimePoint SteppedClock::now()
{
    return TimePoint{std::chrono::floor<std::chrono::milliseconds>(
        real() + std::chrono::nanoseconds{wall().load()})};
}

} // namespace tocsin::tests
