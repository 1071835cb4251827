// What the relay signs and verifies. Apart from the rest, for the libraries beneath choose their
// code by the processor: instructions counted here would be another machine's.
//
// Budgets: a group's receipts cost one signature and a tree, a microsecond and a half for each; an
// answer one verification. A busy machine kept all of them.
#include "client-lib/protocol/words.hpp"
#include "tests/bench/stages/stage.hpp"
#include "tests/support/plans.hpp"
#include "tests/unit/protocol/example.hpp"

#include <memory>
#include <stdexcept>

namespace tocsin::bench {

namespace example = protocol::example;

namespace {

Stage sign_receipts(std::size_t count, double budget_us)
{
    const auto key =
        std::make_shared<const crypto::SignKey>(example::sign_key(example::Seed::relay));
    std::vector<ReceiptFacts> group(count);
    for (std::size_t i = 0; i < count; ++i) {
        group[i].alert = example::id_of<AlertId>(static_cast<std::uint8_t>(i));
        group[i].committed_at = example::now;
    }
    return {.name = "sign_receipts/" + std::to_string(count),
            .budget_us = budget_us,
            .once = [key, group] { keep(protocol::sign_receipts(group, *key)); }};
}

Stage verify_answer()
{
    const crypto::SignKey key = example::sign_key(example::Seed::answer_key);
    const auto header_hash = example::id_of<Digest>(0x77);
    Answered answer = test::make_answer(0, Verb::accept, 1);
    protocol::sign_answer(answer, key, header_hash);
    const SignPublicKey author = key.public_key();
    return {.name = "verify_answer", .budget_us = 75, .once = [=] {
                if (!protocol::verify_answer(answer, author, header_hash))
                    throw std::logic_error("a good answer does not verify");
            }};
}

} // namespace

Stages signature_stages()
{
    return {sign_receipts(1, 40), sign_receipts(64, 100), verify_answer()};
}

} // namespace tocsin::bench
