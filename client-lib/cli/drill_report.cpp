#include "client-lib/cli/drill_report.hpp"

#include <algorithm>
#include <utility>

namespace tocsin::cli {

namespace {

using std::chrono::seconds;

// When the contact's circle was first called.
std::optional<TimePoint> called_at(const AlertStatus& status, const ContactStatus& contact)
{
    for (const TimelineLine& line : status.timeline) {
        const auto* opened = std::get_if<StepOpened>(&line.event);
        if (opened != nullptr && opened->step == contact.first_step) return line.at;
        const bool at_last = contact.first_step >= status.step_count;
        if (at_last && std::holds_alternative<PlanExhausted>(line.event)) return line.at;
    }
    return std::nullopt;
}

class Judge {
public:
    Judge(const AlertStatus& status, std::size_t contact) : status_{status}
    {
        out_.contact = contact;
        out_.called_at = called_at(status, status.contacts[contact]);
    }

    DrillContact judge()
    {
        for (const RecipientStatus& device : status_.recipients)
            if (device.contact == out_.contact) count(device);
        for (const TimelineLine& line : status_.timeline)
            look_at(line);
        return std::move(out_);
    }

private:
    [[nodiscard]] seconds after_call(TimePoint at) const
    {
        const auto after = std::chrono::ceil<seconds>(at - out_.called_at.value_or(at));
        return std::max(after, seconds{1});
    }
    void take_first(std::optional<seconds>& first, seconds after) const
    {
        first = first ? std::min(*first, after) : after;
    }

    void count(const RecipientStatus& device)
    {
        ++out_.devices;
        if (device.state < DeliveryState::delivered) return;
        ++out_.reached;
        if (device.at) take_first(out_.reached_after, after_call(*device.at));
        if (device.state != DeliveryState::opened || !device.proven) return;
        ++out_.opened;
        if (device.at) take_first(out_.opened_after, after_call(*device.at));
    }

    void look_at(const TimelineLine& line)
    {
        if (const auto* skipped = std::get_if<ContactSkipped>(&line.event))
            out_.skipped = out_.skipped || skipped->contact == out_.contact;
        if (const auto* declined = std::get_if<ContactDeclined>(&line.event))
            out_.declined = out_.declined || declined->contact == out_.contact;
        if (const auto* failed = std::get_if<SlotFailed>(&line.event))
            if (contact_of(status_, failed->slot) == out_.contact) ++out_.failed;
        const auto* answered = std::get_if<Answered>(&line.event);
        // Without its note it is nobody's word yet.
        if (answered == nullptr || answered->verb != Verb::accept || !line.note) return;
        if (contact_of(status_, answered->author) != out_.contact || out_.accepted_after) return;
        out_.accepted_after = after_call(line.at);
        out_.person = line.note->name;
    }

    const AlertStatus& status_;
    DrillContact out_;
};

} // namespace

DrillReport drill_report(const AlertStatus& status)
{
    using Reach = DrillReport::Reach;
    DrillReport report;
    if (status.receipt) report.reach = Reach::with_relay;
    for (std::size_t i = 0; i < status.contacts.size(); ++i) {
        const DrillContact contact = Judge(status, i).judge();
        if (contact.reached > 0) report.reach = std::max(report.reach, Reach::delivered);
        if (contact.opened > 0) report.reach = std::max(report.reach, Reach::opened);
        if (contact.accepted_after) report.reach = Reach::answered;
        report.contacts.push_back(contact);
    }
    std::ranges::sort(report.contacts, {}, [&](const DrillContact& contact) {
        return std::pair(status.contacts[contact.contact].first_step, contact.contact);
    });
    return report;
}

} // namespace tocsin::cli
