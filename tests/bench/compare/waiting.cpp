#include "tests/bench/compare/crowd.hpp"
#include "tests/bench/compare/modes.hpp"
#include "tests/bench/compare/report.hpp"
#include "tests/bench/compare/stamp.hpp"

namespace tocsin::bench::compare {

namespace {

using namespace std::chrono_literals;

class Filling : public Crowd {
public:
    Filling(Place& place, const Options& options)
        : Crowd(place),
          options_(options),
          payload_(random_payload(options.payload_bytes))
    {
    }

    bool run()
    {
        register_recipients();
        const Connections senders = open(Role::sender, options_.senders, 64);
        const auto begun = Clock::now();
        for (const auto& sender : senders)
            press_again(*sender);
        place_.loop.run(begun + 300s,
                        [this] { return confirmed_ == options_.alerts || lost_ > 0; });
        const std::chrono::duration<double> took = Clock::now() - begun;
        print({{"stored", static_cast<double>(confirmed_)}, {"seconds", took.count()}});
        return confirmed_ == options_.alerts;
    }

private:
    void register_recipients()
    {
        const Connections recipients = open(Role::registering, options_.recipients, 1);
        for (const auto& recipient : recipients)
            recipient->protocol().leave();
        // The peer may answer a farewell by closing; that is no loss.
        place_.loop.run(Clock::now() + 500ms, [] { return false; });
        lost_ = 0;
    }

    void press_again(Connection& sender)
    {
        while (pressed_ < options_.alerts && sender.unconfirmed < options_.window) {
            stamp(payload_, pressed_);
            ++sender.unconfirmed;
            sender.protocol().publish(pressed_++, payload_);
        }
    }

    void on_confirmed(Connection& sender, std::uint64_t) override
    {
        ++confirmed_;
        --sender.unconfirmed;
        press_again(sender);
    }

    const Options& options_;
    std::string payload_;
    std::size_t pressed_ = 0;
    std::size_t confirmed_ = 0;
};

class Draining : public Crowd {
public:
    Draining(Place& place, const Options& options)
        : Crowd(place),
          options_(options),
          seen_(options.alerts)
    {
        if (options.since_ns != 0)
            started_ = Clock::time_point(std::chrono::nanoseconds(options.since_ns));
    }

    bool run()
    {
        const auto visitor = log_in(Role::visitor);
        const double login = ms_till_now();
        visitor->close();
        double attached = 0;
        if (options_.alerts > 0) {
            const auto recipient = log_in(Role::recipient);
            attached = ms_till_now();
            place_.loop.run(Clock::now() + 300s,
                            [this] { return unique_ == seen_.size() || lost_ > 0; });
        }
        print({{"ready_ms", login},
               {"attached_ms", attached},
               {"drained_ms", ms_till_now()},
               {"received", static_cast<double>(received_)},
               {"unique", static_cast<double>(unique_)}});
        return unique_ == seen_.size();
    }

private:
    [[nodiscard]] double ms_till_now() const
    {
        return std::chrono::duration<double, std::milli>(Clock::now() - started_).count();
    }

    // Tries until the peer is there and lets it in.
    std::unique_ptr<Connection> log_in(Role role)
    {
        const auto deadline = Clock::now() + 120s;
        while (Clock::now() < deadline) {
            auto connection =
                std::make_unique<Connection>(place_, *this, Client{.role = role, .index = 0});
            // Some deliver before they say that the subscription holds.
            const auto let_in = [&] { return connection->ready || received_ > 0; };
            place_.loop.run(Clock::now() + 5s, [&] { return let_in() || connection->is_closed(); });
            if (let_in() && !connection->is_closed()) {
                lost_ = 0;
                return connection;
            }
            connection->close();
            place_.loop.run(Clock::now() + 1ms, [] { return false; }); // refused: not yet there
        }
        throw std::runtime_error("nobody can log in");
    }

    void on_delivered(Connection&, std::string_view payload) override
    {
        ++received_;
        const std::uint64_t number = stamped_number(payload);
        if (!seen_.at(number)) ++unique_;
        seen_[number] = true;
    }

    const Options& options_;
    Clock::time_point started_ = Clock::now();
    std::vector<bool> seen_;
    std::size_t received_ = 0;
    std::size_t unique_ = 0;
};

} // namespace

bool fill(const Options& options)
{
    Place place(options.protocol, options.port);
    return Filling(place, options).run();
}

bool drain(const Options& options)
{
    Place place(options.protocol, options.port);
    return Draining(place, options).run();
}

} // namespace tocsin::bench::compare
