// A live link as the service sees it: somewhere to put frames.
#pragma once

#include <tocsin/errc.hpp>
#include <tocsin/ids.hpp>

#include <boost/asio/awaitable.hpp>

#include <memory>

namespace tocsin::service {

// A padded frame, ready for the wire; shared by all links it goes to.
using Frame = std::shared_ptr<const Bytes>;

class Link {
public:
    virtual ~Link() = default;
    // Queues a frame. A link that does not keep up is closed, not waited for: what it missed is still
    // in its mailbox and its journals.
    virtual void send(Frame frame) = 0;
    // Whether at most half of its bound is taken.
    [[nodiscard]] virtual bool has_room() const { return true; }
    // Waits until it is; false once the link is closed.
    virtual boost::asio::awaitable<bool> room() = 0;
    virtual void close(Errc why) = 0;
};

} // namespace tocsin::service
