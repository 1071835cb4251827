#include "relay/core/clock.hpp"

#include "relay/core/escalation.hpp"
#include "relay/core/rules.hpp"

#include <algorithm>

namespace tocsin::core {
namespace {

class Earliest {
public:
    void offer(std::optional<TimePoint> at, DueKind kind, std::uint16_t contact = 0)
    {
        if (!at) return;
        if (!found_ || *at < found_->at || (*at == found_->at && kind < found_->kind))
            found_ = Due{*at, kind, contact};
    }
    [[nodiscard]] std::optional<Due> found() const { return found_; }

private:
    std::optional<Due> found_;
};

void offer_promises(Earliest& earliest, const Alert& alert, TimePoint now)
{
    for (std::uint16_t i = 0; i < alert.contacts.size(); ++i) {
        const ContactState& contact = alert.contacts[i];
        if (contact.word != ContactState::Word::accepted) continue;
        earliest.offer(contact.term_end, DueKind::lapse, i);
        if (!contact.reminded && now < contact.term_end)
            earliest.offer(contact.reminder_at, DueKind::reminder);
    }
}

void offer_calls(Earliest& earliest, const Alert& alert)
{
    earliest.offer(alert.unreached_due, DueKind::unreached);
    earliest.offer(alert.repage_due, DueKind::repage);
    earliest.offer(alert.step_due, DueKind::step);
    earliest.offer(alert.last_resort_due, DueKind::last_resort);
    for (const ContactState& contact : alert.contacts)
        if (is_silent(contact)) earliest.offer(contact.desk_due, DueKind::desk);
}

} // namespace

std::optional<Due> next_due(const Alert& alert, TimePoint now)
{
    Earliest earliest;
    offer_promises(earliest, alert, now);
    if (alert.phase == Phase::escalating) offer_calls(earliest, alert);
    if (alert.phase == Phase::cancelling) earliest.offer(alert.cancel_until, DueKind::cancel_end);
    return earliest.found();
}

std::optional<TimePoint> deadline(const Alert& alert)
{
    if (!alert.stored || alert.phase == Phase::closed) return std::nullopt;
    const std::optional<Due> due = next_due(alert);
    return due ? std::min(due->at, alert.expires_at) : alert.expires_at;
}

} // namespace tocsin::core
