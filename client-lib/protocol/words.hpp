// What people sign about an alert, and the journal that keeps it. The relay verifies these; only
// the authors can make them.
#pragma once

#include "client-lib/crypto/sign.hpp"
#include "client-lib/protocol/envelope.hpp"

#include <tocsin/alert.hpp>
#include <tocsin/journal.hpp>

namespace tocsin::protocol {

// ---- answers: label "answer" over H(header) | author | verb | number | term | target | note hash ----

[[nodiscard]] Digest note_hash(ByteView sealed_note); // H("answer/note", ...)
// Fills `answer.signature`.
void sign_answer(Answered& answer, const crypto::SignKey& key, const Digest& header_hash);
[[nodiscard]] bool verify_answer(const Answered& answer, const SignPublicKey& key,
                                 const Digest& header_hash);
// The key that must have signed: a slot's answer key, or the owner key. Empty: no such author.
[[nodiscard]] std::optional<SignPublicKey> key_of(Author author, const Header& header,
                                                  const Plan& plan);

// ---- follow-ups: label "follow-up" over H(header) | author | number | previous | body hash ----

[[nodiscard]] Digest follow_up_hash(ByteView sealed_body); // H("follow-up/body", ...)
void sign_follow_up(FollowedUp& follow_up, const crypto::SignKey& key, const Digest& header_hash);
[[nodiscard]] bool verify_follow_up(const FollowedUp& follow_up, const SignPublicKey& key,
                                    const Digest& header_hash);

// ---- opened: label "opened" over H(header): a device proves that it has opened its slot ----

[[nodiscard]] Signature sign_opened(const crypto::SignKey& answer_key, const Digest& header_hash);
[[nodiscard]] bool verify_opened(const Signature& signature, const SignPublicKey& answer_key,
                                 const Digest& header_hash);

// ---- the sender opens its reply mailbox: label "owner/follow" over channel binding | alert id ----

[[nodiscard]] Signature sign_follow(const crypto::SignKey& owner_key, ByteView channel_binding,
                                    const AlertId& alert, bool outcome);
[[nodiscard]] bool verify_follow(const Signature& signature, const SignPublicKey& owner_key,
                                 ByteView channel_binding, const AlertId& alert, bool outcome);

// ---- the journal ----

[[nodiscard]] Bytes encode(const JournalEntry& entry);
[[nodiscard]] Result<JournalEntry> decode_entry(ByteView bytes);
// head_n = H("journal/entry", head_(n-1), entry); before the first: H(header).
[[nodiscard]] Digest next_head(const Digest& head, ByteView entry);

// ---- receipts ----

// A receipt as it travels: the facts are `ReceiptFacts`; the rest proves them under one signature
// a commit group.
struct Receipt {
    ReceiptFacts facts;
    std::uint32_t leaf_index = 0;
    std::uint32_t leaf_count = 1;
    std::vector<Digest> path{};
    Signature signature;
    friend bool operator==(const Receipt&, const Receipt&) = default;
};
// H("receipt/facts", alert | digest | commit time | epoch | head): what the tree takes as a leaf.
[[nodiscard]] Digest receipt_leaf(const ReceiptFacts& facts);
// Signs all facts of a group at once, label "receipt/root" over root | count; same order.
[[nodiscard]] std::vector<Receipt> sign_receipts(const std::vector<ReceiptFacts>& group,
                                                 const crypto::SignKey& relay_key);
[[nodiscard]] bool verify_receipt(const Receipt& receipt, const SignPublicKey& relay_key);

} // namespace tocsin::protocol
