#include "tests/bench/publish.hpp"

#include <stdexcept>

namespace tocsin::bench {

boost::asio::awaitable<void> publish(const Organisation* organisation, const Relay* relay)
{
    auto line = co_await Line::connect(relay, &organisation->admin_key);
    if (!line) throw std::runtime_error("the admin's link: " + line.error().message());
    protocol::PutDirectory put{organisation->published};
    (*line)->send(1, std::move(put));
    for (;;) {
        const auto reply = co_await (*line)->next();
        if (!reply) throw std::runtime_error("publishing: " + reply.error().message());
        if (reply->request == 0) continue; // the news of it
        if (const auto* error = std::get_if<protocol::Error>(&reply->body))
            throw std::runtime_error("publishing: " + std::string(name_of(error->code)));
        break;
    }
    (*line)->close();
}

} // namespace tocsin::bench
