#include "relay/service/receipts.hpp"

#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <memory>

namespace tocsin::service {

namespace asio = boost::asio;

ReceiptSigner::ReceiptSigner(asio::any_io_executor executor, const crypto::SignKey& key)
    : executor_(std::move(executor)), key_(key)
{
}

asio::awaitable<protocol::Receipt> ReceiptSigner::sign(ReceiptFacts facts)
{
    auto initiate = [this, facts](auto handler) {
        auto shared = std::make_shared<decltype(handler)>(std::move(handler));
        if (waiting_.empty()) asio::post(executor_, [this] { flush(); });
        waiting_.push_back(
            {facts, [shared](protocol::Receipt receipt) { std::move (*shared)(std::move(receipt)); }});
    };
    return asio::async_initiate<const asio::use_awaitable_t<>, void(protocol::Receipt)>(
        initiate, asio::use_awaitable);
}

void ReceiptSigner::flush()
{
    const std::vector<Waiting> group = std::exchange(waiting_, {});
    std::vector<ReceiptFacts> facts;
    facts.reserve(group.size());
    for (const Waiting& waiting : group)
        facts.push_back(waiting.facts);
    std::vector<protocol::Receipt> receipts = protocol::sign_receipts(facts, key_);
    for (std::size_t i = 0; i < group.size(); ++i)
        group[i].done(std::move(receipts[i]));
}

} // namespace tocsin::service
