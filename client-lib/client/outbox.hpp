// What waits to be sent: alerts and signed words. Durable before anything is sent, the same bytes
// each time, until the relay's word settles it.
//
// Thread safety and errors: as the key store's.
#pragma once

#include "client-lib/client/alert_book.hpp"
#include "client-lib/client/keystore.hpp"
#include "client-lib/client/records.hpp"

#include <tocsin/client.hpp>

namespace tocsin::client {

// Which alert goes out next, and under what: everything that has no receipt, oldest first.
struct Waiting {
    AlertId id;
    Bytes envelope;
    Digest digest;
};
[[nodiscard]] Result<std::vector<AlertId>> unsent_alerts(const KeyStore& store);
// Marks it durably as perhaps sent, so that it can't be discarded any more, and yields the bytes.
// `Errc::not_found`: it was discarded, or needs sending no more.
[[nodiscard]] Result<Waiting> begin_sending(KeyStore& store, const AlertId& id);
// Takes a receipt whose signature and digest were verified.
enum class Receipted : std::uint8_t {
    first,
    repeated, // the same facts, or those of the same store
    replaced, // the relay's store was replaced since: its history starts anew
};
[[nodiscard]] Result<Receipted> take_receipt(KeyStore& store, const ReceiptFacts& facts,
                                             TimePoint now);

// ---- words ----

struct AnswerWords {
    Verb verb = Verb::accept;
    std::chrono::seconds term{};
    std::uint32_t target = 0;
    AnswerNote note{};
};
// Signed, numbered and kept, to be sent after those before it; returns its number.
// `Errc::closed`: the alert is over here; `Errc::locked`.
[[nodiscard]] Result<std::uint32_t> add_answer(KeyStore& store, const AlertId& id,
                                               const AnswerWords& words, TimePoint now);
[[nodiscard]] Result<std::uint32_t> add_follow_up(KeyStore& store, const AlertId& id,
                                                  const FollowUpNote& note, TimePoint now);
// The sender's cancel. Before anything was sent it is local: number 0, nothing to send. After it
// the kit keeps no keys of the alert. `Errc::closed`: over, or cancelled before.
[[nodiscard]] Result<std::uint32_t> add_cancel(KeyStore& store, const AlertId& id, Duress duress,
                                               TimePoint now);

// The alert's first word that isn't settled; none while the alert itself has no receipt.
[[nodiscard]] std::optional<WordRecord> first_word(const AlertRecord& alert);
[[nodiscard]] std::uint32_t number_of(const WordRecord& word);
// The word is settled: done or finally refused.
[[nodiscard]] Result<void> settle_word(KeyStore& store, const AlertId& id, WordRecord::What what,
                                       std::uint32_t number, TimePoint now);

// Whether the same bytes could fare better another time.
[[nodiscard]] bool is_final(boost::system::error_code refusal);

// Marks an alert ended whose history says so, and puts it away if it was raised here. Inside a
// `Change`.
[[nodiscard]] Result<void> end_if_over(KeyStore& store, AlertRecord& alert, TimePoint now);

} // namespace tocsin::client
