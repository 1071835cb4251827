// Mailboxes and delivery marks as rows; conventions as in alerts.hpp.
#pragma once

#include "relay/store/alert_store.hpp"
#include "relay/store/sqlite/connection.hpp"
#include "relay/store/sqlite/quarantine.hpp"

#include <map>
#include <mutex>

namespace tocsin::store::sqlite {

// Which deliveries were sent but not confirmed. Only this process can know: after a restart they
// are sent again. Bounded by what waits in mailboxes.
// Thread safety: any thread.
class SentMarks {
public:
    void set(const AlertId& alert, std::uint16_t slot, TimePoint at);
    void clear(const AlertId& alert, std::uint16_t slot);
    [[nodiscard]] std::optional<TimePoint> find(const AlertId& alert, std::uint16_t slot) const;

private:
    mutable std::mutex mutex_;
    std::map<std::pair<AlertId, std::uint16_t>, TimePoint> at_;
};

// A slot opens once: opening it again, waiting or delivered, changes nothing.
void open_deliveries(Connection& connection, const AlertId& alert,
                     const std::vector<Opening>& openings);

// Damaged rows are reported and left; no alert stops being served because of its marks.
void apply_marks(Connection& connection, const std::vector<Mark>& marks, SentMarks& sent,
                 Quarantine& quarantine);
std::vector<Mark> load_marks(Connection& connection, AlertId alert, const SentMarks& sent);
std::vector<Pending> load_pending(Connection& connection, MailboxId mailbox,
                                  std::optional<Pending> after, std::size_t count_max,
                                  Quarantine& quarantine);

} // namespace tocsin::store::sqlite
