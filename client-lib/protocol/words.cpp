#include "client-lib/protocol/words.hpp"

#include "client-lib/crypto/hash.hpp"
#include "client-lib/crypto/merkle.hpp"

#include <cassert>
#include <limits>

namespace tocsin::protocol {
namespace {

using crypto::be32;
using crypto::be64;

// Signing and verifying as values, so that each statement below is spelt once for both.
struct Sign {
    const crypto::SignKey& key;
    Signature operator()(std::string_view purpose, std::initializer_list<ByteView> parts) const
    {
        return crypto::sign(key, purpose, parts);
    }
};
struct Verify {
    const SignPublicKey& key;
    const Signature& signature;
    bool operator()(std::string_view purpose, std::initializer_list<ByteView> parts) const
    {
        return crypto::verify(key, purpose, parts, signature);
    }
};

template <class Use>
auto answer_statement(const Use& use, const Answered& answer, const Digest& header_hash)
{
    const auto term = answer.term.count();
    assert(term >= 0 && term <= std::numeric_limits<std::uint32_t>::max());
    return use("answer", {header_hash.view(), be32(answer.author),
                          be32(static_cast<std::uint32_t>(answer.verb)), be32(answer.number),
                          be32(static_cast<std::uint32_t>(term)), be32(answer.target),
                          answer.note_hash.view()});
}

template <class Use>
auto follow_up_statement(const Use& use, const FollowedUp& follow_up, const Digest& header_hash)
{
    return use("follow-up", {header_hash.view(), be32(follow_up.author), be32(follow_up.number),
                             follow_up.previous.view(), follow_up.body_hash.view()});
}

template <class Use>
auto follow_statement(const Use& use, ByteView channel_binding, const AlertId& alert, bool outcome)
{
    return use("owner/follow", {channel_binding, alert.view(), be32(outcome ? 1 : 0)});
}

template <class Use>
auto root_statement(const Use& use, const Digest& root, std::uint32_t leaf_count)
{
    return use("receipt/root", {root.view(), be32(leaf_count)});
}

} // namespace

// ---- answers ----

Digest note_hash(ByteView sealed_note) { return crypto::hash("answer/note", {sealed_note}); }

void sign_answer(Answered& answer, const crypto::SignKey& key, const Digest& header_hash)
{
    answer.signature = answer_statement(Sign{key}, answer, header_hash);
}

bool verify_answer(const Answered& answer, const SignPublicKey& key, const Digest& header_hash)
{
    return answer_statement(Verify{key, answer.signature}, answer, header_hash);
}

std::optional<SignPublicKey> key_of(Author author, const Header& header, const Plan& plan)
{
    if (author == author_owner) return header.owner_key;
    if (author >= plan.slots.size()) return std::nullopt;
    return plan.slots[author].answer_key;
}

// ---- follow-ups ----

Digest follow_up_hash(ByteView sealed_body)
{
    return crypto::hash("follow-up/body", {sealed_body});
}

void sign_follow_up(FollowedUp& follow_up, const crypto::SignKey& key, const Digest& header_hash)
{
    follow_up.signature = follow_up_statement(Sign{key}, follow_up, header_hash);
}

bool verify_follow_up(const FollowedUp& follow_up, const SignPublicKey& key,
                      const Digest& header_hash)
{
    return follow_up_statement(Verify{key, follow_up.signature}, follow_up, header_hash);
}

// ---- opened, follow ----

Signature sign_opened(const crypto::SignKey& answer_key, const Digest& header_hash)
{
    return crypto::sign(answer_key, "opened", {header_hash.view()});
}

bool verify_opened(const Signature& signature, const SignPublicKey& answer_key,
                   const Digest& header_hash)
{
    return crypto::verify(answer_key, "opened", {header_hash.view()}, signature);
}

Signature sign_follow(const crypto::SignKey& owner_key, ByteView channel_binding,
                      const AlertId& alert, bool outcome)
{
    return follow_statement(Sign{owner_key}, channel_binding, alert, outcome);
}

bool verify_follow(const Signature& signature, const SignPublicKey& owner_key,
                   ByteView channel_binding, const AlertId& alert, bool outcome)
{
    return follow_statement(Verify{owner_key, signature}, channel_binding, alert, outcome);
}

// ---- the journal ----

Digest next_head(const Digest& head, ByteView entry)
{
    return crypto::hash("journal/entry", {head.view(), entry});
}

// ---- receipts ----

Digest receipt_leaf(const ReceiptFacts& facts)
{
    const auto at_ms = static_cast<std::uint64_t>(facts.committed_at.time_since_epoch().count());
    return crypto::hash("receipt/facts", {facts.alert.view(), facts.digest.view(), be64(at_ms),
                                          facts.epoch, facts.journal_head.view()});
}

std::vector<Receipt> sign_receipts(const std::vector<ReceiptFacts>& group,
                                   const crypto::SignKey& relay_key)
{
    if (group.empty()) return {};
    std::vector<Digest> leaves;
    leaves.reserve(group.size());
    for (const ReceiptFacts& facts : group)
        leaves.push_back(receipt_leaf(facts));
    const crypto::MerkleTree tree(std::move(leaves));
    const auto count = static_cast<std::uint32_t>(group.size());
    const Signature signature = root_statement(Sign{relay_key}, tree.root(), count);

    std::vector<Receipt> receipts(group.size());
    for (std::uint32_t i = 0; i < count; ++i)
        receipts[i] = {group[i], i, count, tree.path(i), signature};
    return receipts;
}

bool verify_receipt(const Receipt& receipt, const SignPublicKey& relay_key)
{
    const Result<Digest> root = crypto::root_from_path(
        receipt_leaf(receipt.facts), receipt.leaf_index, receipt.leaf_count, receipt.path);
    return root && root_statement(Verify{relay_key, receipt.signature}, *root, receipt.leaf_count);
}

} // namespace tocsin::protocol
