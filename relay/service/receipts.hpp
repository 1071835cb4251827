// Receipts signed once for all alerts of a commit group: the hot path makes no signature of its own.
#pragma once

#include "client-lib/crypto/sign.hpp"
#include "client-lib/protocol/words.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include <functional>
#include <vector>

namespace tocsin::service {

// Collects what is asked for until the executor comes round again, then signs one tree for all: a
// commit group resumes its callers together, so they meet here.
class ReceiptSigner {
public:
    // `key` outlives the signer.
    ReceiptSigner(boost::asio::any_io_executor executor, const crypto::SignKey& key);

    boost::asio::awaitable<protocol::Receipt> sign(ReceiptFacts facts);

private:
    void flush();

    struct Waiting {
        ReceiptFacts facts;
        std::function<void(protocol::Receipt)> done;
    };
    boost::asio::any_io_executor executor_;
    const crypto::SignKey& key_;
    std::vector<Waiting> waiting_;
};

} // namespace tocsin::service
