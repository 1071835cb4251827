// Identity, directory, prekeys, enrolments and the time as rows; conventions as in alerts.hpp.
#pragma once

#include "relay/store/alert_store.hpp"
#include "relay/store/sqlite/connection.hpp"
#include "relay/store/sqlite/quarantine.hpp"

namespace tocsin::store::sqlite {

void write_identity(Connection& connection, const Identity& identity);
Result<Identity> load_identity(Connection& connection);

Result<std::optional<PublishedDirectory>> load_directory(Connection& connection);
Result<void> replace_directory(Connection& connection, const PublishedDirectory& next);

Result<void> replace_prekeys(Connection& connection, const MailboxId& mailbox,
                             const std::vector<Bytes>& prekeys);
// A damaged one is left out and reported.
std::vector<Bytes> load_prekeys(Connection& connection, Quarantine& quarantine);

Result<void> write_join_request(Connection& connection, const JoinRow& request);
Result<void> write_member_request(Connection& connection, const JoinRow& request);
std::vector<JoinRow> load_join_requests(Connection& connection, Quarantine& quarantine);
Result<void> write_join_answer(Connection& connection, const JoinRow& answer);
Bytes load_join_answer(Connection& connection, const Digest& invitation);

Result<std::optional<core::TimeSample>> load_time(Connection& connection);
Result<void> replace_time(Connection& connection, const core::TimeSample& sample);

} // namespace tocsin::store::sqlite
