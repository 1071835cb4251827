#include "tests/bench/compare/crowd.hpp"
#include "tests/bench/compare/modes.hpp"
#include "tests/bench/compare/report.hpp"

#include <poll.h>
#include <unistd.h>

namespace tocsin::bench::compare {

namespace {

bool input_has_ended()
{
    pollfd input{.fd = STDIN_FILENO, .events = POLLIN, .revents = 0};
    char ignored = 0;
    return ::poll(&input, 1, 0) == 1 && ::read(STDIN_FILENO, &ignored, 1) <= 0;
}

class Idling : public Crowd {
public:
    using Crowd::Crowd;

    bool run(std::size_t count)
    {
        const auto begun = Clock::now();
        const Connections all = open(Role::idle, count, 32);
        const std::chrono::duration<double> took = Clock::now() - begun;
        mark("open");
        place_.loop.run(Clock::time_point::max(),
                        [this] { return lost_ > 0 || input_has_ended(); });
        print({{"connections", static_cast<double>(all.size())},
               {"open_s", took.count()},
               {"lost", static_cast<double>(lost_)}});
        return lost_ == 0;
    }
};

} // namespace

bool keep_idle(const Options& options)
{
    Place place(options.protocol, options.port);
    return Idling(place).run(options.connections);
}

} // namespace tocsin::bench::compare
