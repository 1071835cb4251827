#include "tests/bench/compare/crowd.hpp"
#include "tests/bench/compare/modes.hpp"
#include "tests/bench/compare/report.hpp"

namespace tocsin::bench::compare {

namespace {

class Handshakes : public Crowd {
public:
    using Crowd::Crowd;

    bool run(const Options& options)
    {
        const auto go_on = [&] {
            std::erase_if(live_, [](const auto& connection) { return connection->is_closed(); });
            while (live_.size() < options.at_once)
                live_.push_back(
                    std::make_unique<Connection>(place_, *this, Client{.role = Role::visitor}));
            return false;
        };
        place_.loop.run(Clock::now() + seconds_of(options.warm_up), go_on);
        const double cpu = own_cpu_seconds();
        const std::size_t before = ready_;
        mark("measure");
        place_.loop.run(Clock::now() + seconds_of(options.seconds), go_on);
        const auto done = static_cast<double>(ready_ - before);
        mark("measured");
        print({{"handshakes", done},
               {"handshakes_per_s", done / options.seconds},
               {"lost", static_cast<double>(lost_)},
               {"generator_cpu_cores", (own_cpu_seconds() - cpu) / options.seconds}});
        return lost_ == 0;
    }

private:
    void on_ready(Connection& connection) override
    {
        Crowd::on_ready(connection);
        connection.close();
    }

    Connections live_;
};

} // namespace

bool shake_hands(const Options& options)
{
    Place place(options.protocol, options.port);
    return Handshakes(place).run(options);
}

} // namespace tocsin::bench::compare
