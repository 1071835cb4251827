#include "tests/bench/report.hpp"

#include <algorithm>
#include <cmath>
#include <iomanip>
#include <sstream>
#include <utility>

namespace tocsin::bench {

namespace {

struct Figure {
    std::string key; // of JSON; one level deep: "waiting.ready_ms"
    std::string words;
    std::string value;
};

class Figures {
public:
    void number(std::string key, std::string words, double value, int digits = 0)
    {
        std::ostringstream text;
        text << std::fixed << std::setprecision(digits) << value;
        figures_.push_back({std::move(key), std::move(words), text.str()});
    }

    void latency(const std::string& key, const std::string& words, std::vector<std::uint32_t> us)
    {
        if (us.empty()) return;
        std::ranges::sort(us);
        const auto at = [&](double share) {
            return us[static_cast<std::size_t>(share * static_cast<double>(us.size() - 1))];
        };
        number(key + "_p50_us", words + ", p50, us", at(0.5));
        number(key + "_p99_us", words + ", p99, us", at(0.99));
        number(key + "_max_us", words + ", max, us", us.back());
    }

    void print(std::ostream& out) const
    {
        for (const Figure& figure : figures_)
            out << std::left << std::setw(52) << figure.words << std::right << std::setw(14)
                << figure.value << "\n";
    }

    // The figures of one group stand together.
    void print_json(std::ostream& out) const
    {
        std::string group;
        std::string_view separator = "{";
        for (const Figure& figure : figures_) {
            const std::size_t dot = figure.key.find('.');
            const std::string now = dot == std::string::npos ? "" : figure.key.substr(0, dot);
            if (now != group && !group.empty()) out << '}';
            out << std::exchange(separator, ",");
            if (now != group && !now.empty()) out << '"' << now << "\":{";
            group = now;
            out << '"' << figure.key.substr(dot + 1) << "\":" << figure.value;
        }
        out << (group.empty() ? "}\n" : "}}\n");
    }

private:
    std::vector<Figure> figures_;
};

double us(std::chrono::microseconds time) { return static_cast<double>(time.count()); }

void add_load(Figures& figures, const Measured& measured, const Run& run)
{
    const Counts& during = measured.during;
    const auto per_second = [&](std::uint64_t count) {
        return static_cast<double>(count) / measured.seconds;
    };
    figures.number("seconds", "measured, s", measured.seconds, 2);
    figures.number("confirmed_per_s", "confirmed, alerts/s", per_second(during.confirmed), 1);
    figures.number("delivered_per_s", "delivered to all, alerts/s", per_second(during.delivered),
                   1);
    figures.number("acknowledged_per_s", "acknowledged by all, alerts/s",
                   per_second(during.acknowledged), 1);
    if (run.options.told)
        figures.number("told_per_s", "sender told of all, alerts/s", per_second(during.told), 1);
    if (run.options.answers)
        figures.number("answered_per_s", "accepted, alerts/s", per_second(during.answered), 1);
    const Latencies& latencies = run.tally.latencies();
    figures.latency("confirmed", "press to confirmed", latencies.confirmed);
    figures.latency("delivered", "press to last recipient", latencies.delivered);
    figures.latency("told", "press to sender told of all", latencies.told);
    figures.latency("answered", "press to acceptance durable", latencies.answered);
    const double alerts = static_cast<double>(std::max<std::uint64_t>(during.complete, 1));
    const double interval = measured.seconds * 1e6;
    figures.number("relay_cpu_us_per_alert", "relay CPU, us/alert", us(measured.relay_cpu) / alerts,
                   1);
    figures.number("relay_cpu_cores", "relay CPU, cores", us(measured.relay_cpu) / interval, 2);
    int number = 0;
    for (const ThreadUse& thread : measured.relay_threads) {
        const double cores = us(thread.cpu) / interval;
        figures.number("relay_thread_" + std::to_string(number++) + "_cores",
                       "  thread " + thread.name + ", cores", cores, 2);
    }
    figures.number("generator_cpu_us_per_alert", "generator CPU, us/alert",
                   us(measured.own_cpu) / alerts, 1);
    figures.number("generator_cpu_cores", "generator CPU, cores", us(measured.own_cpu) / interval,
                   2);
    figures.number("relay_rss_mib", "relay RSS, MiB", measured.relay_resident_kib / 1024, 1);
    figures.number("outstanding_max", "most alerts not complete at once",
                   static_cast<double>(measured.outstanding_max));
    const Counts& all = run.tally.counts;
    figures.number("pressed", "pressed in all", static_cast<double>(all.pressed));
    figures.number("complete", "complete in all", static_cast<double>(all.complete));
    figures.number("links_lost", "recipients' links closed by the relay",
                   static_cast<double>(all.links_lost));
    figures.number("redelivered", "delivered again after that",
                   static_cast<double>(all.redelivered));
    figures.number("receipts_verified", "receipts verified",
                   static_cast<double>(all.receipts_verified));
    figures.number("deliveries_verified", "deliveries verified",
                   static_cast<double>(all.deliveries_verified));
}

void add_idle(Figures& figures, const IdleLinks& idle)
{
    figures.number("idle_links", "idle links", static_cast<double>(idle.lines.size()));
    figures.number("idle_kib_each", "relay memory of an idle link, KiB", idle.kib_each, 2);
    figures.number("idle_kib_each_used", "  after a heartbeat on each, KiB", idle.kib_each_used, 2);
    figures.number("idle_open_s", "opening them, s", idle.open_seconds, 2);
    figures.number("idle_relay_cpu_us_each", "relay CPU to open one, us", idle.relay_cpu_us_each,
                   0);
}

void add_filled(Figures& figures, const Filled& filled)
{
    figures.number("filled.alerts", "alerts written before", static_cast<double>(filled.alerts));
    figures.number("filled.seconds", "  in so many seconds", filled.seconds, 1);
    figures.number("filled.database_mib", "  database then, MiB", filled.database_mib, 0);
}

void add_waited(Figures& figures, const Waited& waited)
{
    figures.number("waiting.alerts", "alerts that waited for a recipient",
                   static_cast<double>(waited.count));
    figures.number("waiting.submitted_per_s", "  submitted, alerts/s", waited.submitted_per_s, 1);
    figures.number("waiting.ready_ms", "  after kill -9: start to first link, ms", waited.ready_ms,
                   1);
    figures.number("waiting.delivered_ms", "  start to last delivery, ms", waited.delivered_ms, 1);
    figures.number("waiting.acknowledged_ms", "  start to last acknowledgement, ms",
                   waited.acknowledged_ms, 1);
}

void add_open(Figures& figures, const OpenAlerts& open)
{
    figures.number("open.alerts", "open alerts", static_cast<double>(open.count));
    figures.number("open.fill_per_s", "  written, alerts/s", open.fill_per_s, 0);
    figures.number("open.database_mib", "  database, MiB", open.database_mib, 0);
    figures.number("open.ready_ms", "  start to first link, ms", open.ready_ms, 1);
    figures.number("open.rss_mib", "  relay RSS then, MiB", open.rss_ready_mib, 1);
    figures.number("open.rss_later_mib", "  ten seconds later, MiB", open.rss_later_mib, 1);
    figures.number("open.idle_cpu_percent", "  relay CPU with nothing due, % of a core",
                   open.idle_cpu_percent, 2);
    figures.number("open.due", "  due at once", static_cast<double>(open.due));
    figures.number("open.tick_us", "  relay CPU for each of these, us", open.tick_us, 1);
    figures.number("open.called_ms", "  due until the last call has come, ms", open.called_ms, 0);
}

void add_handshakes(Figures& figures, const Handshakes& handshakes)
{
    figures.number("handshake.count", "handshakes", static_cast<double>(handshakes.count));
    figures.number("handshake.relay_us", "  relay CPU for each, us", handshakes.relay_us, 1);
    figures.number("handshake.generator_us", "  generator CPU for each, us",
                   handshakes.generator_us, 1);
    figures.number("handshake.per_s", "  handshakes/s, 16 side by side", handshakes.per_second, 1);
}

} // namespace

void print(std::ostream& out, const Report& report)
{
    Figures figures;
    const Envelopes& envelopes = report.run.envelopes;
    figures.number("sealed", "envelopes sealed ahead", static_cast<double>(envelopes.count()));
    figures.number("seal_us_each", "sealing one, us",
                   us(envelopes.took()) / static_cast<double>(envelopes.count()), 1);
    figures.number("envelope_bytes", "envelope, bytes",
                   static_cast<double>(envelopes.envelope_bytes()));
    figures.number("frame_bytes", "frame that submits it, bytes",
                   static_cast<double>(envelopes.frame_bytes()));
    if (report.filled) add_filled(figures, *report.filled);
    if (report.idle) add_idle(figures, *report.idle);
    if (report.waited) add_waited(figures, *report.waited);
    if (report.open) add_open(figures, *report.open);
    if (report.handshakes) add_handshakes(figures, *report.handshakes);
    if (report.load) add_load(figures, *report.load, report.run);
    if (report.run.options.json)
        figures.print_json(out);
    else
        figures.print(out);
}

} // namespace tocsin::bench
