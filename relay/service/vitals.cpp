#include "relay/service/vitals.hpp"

#include <array>
#include <cstdio>
#include <string_view>

namespace tocsin::service {

namespace {

std::string seconds(std::chrono::milliseconds duration)
{
    std::array<char, 40> text{};
    std::snprintf(text.data(), text.size(), "%.3f", static_cast<double>(duration.count()) / 1000.0);
    return text.data();
}

std::string_view name_of(Level level)
{
    switch (level) {
    case Level::info:
        return "info";
    case Level::warning:
        return "warning";
    case Level::alarm:
        return "alarm";
    }
    return "alarm";
}

class Page {
public:
    void family(std::string_view name, std::string_view type, std::string_view help)
    {
        text_.append("# HELP ").append(name).append(" ").append(help).append("\n");
        text_.append("# TYPE ").append(name).append(" ").append(type).append("\n");
    }
    void sample(std::string_view name, std::string_view labels, std::string_view value)
    {
        text_.append(name).append(labels).append(" ").append(value).append("\n");
    }
    void gauge(std::string_view name, std::string_view help, std::string_view value)
    {
        family(name, "gauge", help);
        sample(name, "", value);
    }
    void gauge(std::string_view name, std::string_view help, std::size_t value)
    {
        gauge(name, help, std::to_string(value));
    }
    void counter(std::string_view name, std::string_view help, std::uint64_t value)
    {
        family(name, "counter", help);
        sample(name, "", std::to_string(value));
    }
    [[nodiscard]] std::string take() { return std::move(text_); }

private:
    std::string text_;
};

// Before the first sweep there is no number, rather than a comforting zero.
void audit(Page& page, const Auditor::Findings& found, TimePoint now)
{
    page.gauge("tocsin_alerts_open", "Alerts that have not ended, at the last audit.", found.open);
    page.gauge("tocsin_alerts_overdue", "Open alerts for which something due is undone.",
               found.overdue);
    page.gauge("tocsin_alerts_unreadable", "Open alerts whose record is damaged.",
               found.unreadable);
    page.gauge("tocsin_overdue_seconds", "By how much the latest of those is late.",
               seconds(found.worst));
    page.gauge("tocsin_audit_age_seconds", "Since the last whole audit ended.",
               seconds(now - found.ended));
    page.gauge("tocsin_audit_duration_seconds", "How long it took.",
               seconds(found.ended - found.begun));
}

void notes(Page& page, const std::vector<NoteCount>& counts)
{
    std::uint64_t late = 0;
    page.family("tocsin_notes_total", "counter",
                "What was noted in the log, by code and level (docs/operations.md).");
    for (const NoteCount& note : counts) {
        if (note.code == "escalator.late") late += note.count;
        std::string labels = "{code=\"" + note.code + "\",level=\"";
        labels.append(name_of(note.level)).append("\"}");
        page.sample("tocsin_notes_total", labels, std::to_string(note.count));
    }
    page.counter("tocsin_late_ticks_total", "Alerts that were served over five seconds late.",
                 late);
}

} // namespace

std::string prometheus_text(const Vitals& vitals)
{
    Page page;
    page.family("tocsin_up", "gauge", "1 while the relay serves.");
    page.sample("tocsin_up", "{version=\"" + vitals.version + "\"}", "1");
    page.gauge("tocsin_ready", "1 if the disk took a commit within five seconds: /readyz.",
               std::size_t{vitals.ready});
    page.gauge("tocsin_well", "1 if all is well: what the heartbeat goes by.",
               std::size_t{vitals.all_well});
    page.gauge("tocsin_clock_settled", "1 if a time source has vouched for the clock.",
               std::size_t{vitals.clock_settled});
    page.gauge("tocsin_links", "Devices connected now.", vitals.links);
    page.counter("tocsin_commits_total", "Durable commits since the start; a group is one.",
                 vitals.commits);
    page.counter("tocsin_pages_total", "Devices called since the start.", vitals.pages);
    if (vitals.audit) audit(page, *vitals.audit, vitals.now);
    notes(page, vitals.notes);
    return page.take();
}

} // namespace tocsin::service
