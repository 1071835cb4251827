// Those around a relay that is killed again and again. None of them waits for anything but the
// relay being up: a link that ends is opened again at once, and all that had no answer is said
// again.
#pragma once

#include "tests/bench/line.hpp"
#include "tests/integration/kill_ledger.hpp"

#include <boost/asio/steady_timer.hpp>

#include <functional>
#include <memory>
#include <set>
#include <unordered_map>

namespace tocsin::tests {

// What all of them share. Outlives them.
struct KillWorld {
    const bench::Organisation& organisation;
    const bench::Envelopes& envelopes;
    const bench::Relay& relay;
    boost::asio::any_io_executor executor;
    Ledger ledger;
    boost::asio::steady_timer life_began{executor, boost::asio::steady_timer::time_point::max()};
    bool pressing = true;
    bool leaving = false;
    boost::asio::steady_timer link_made{executor}; // cancelled at each
    std::uint64_t links = 0;
    std::uint64_t links_closed = 0; // by a relay that runs
    // Lets whoever has the cue speak, and senders go on.
    std::function<void(std::uint64_t alert)> prompt{};
    // Something confirmed that all devices must fall silent about.
    std::function<void()> fence{};

    void begin_life();
    void leave();
};

class KillPeer {
public:
    KillPeer(KillWorld& world, const bench::Device& device) : world_(world), device_(device) {}
    KillPeer(const KillPeer&) = delete;
    KillPeer& operator=(const KillPeer&) = delete;
    virtual ~KillPeer() = default;

    void start() { bench::spawn(world_.executor, keep_linked()); }
    // Ends this link; another is opened.
    void hang_up();
    // Says what is cued, until it is confirmed.
    void say(std::uint64_t alert, const Said& said);
    // Words and alerts that wait for a reply.
    [[nodiscard]] virtual std::size_t unconfirmed() const { return speaking_.size(); }

protected:
    using OnReply = std::function<void(const protocol::RelayMessage&)>;

    virtual void linked() = 0; // what had no answer is said again
    virtual void pushed(const protocol::RelayFrame& frame) = 0;
    virtual void before_link() {}
    void ask(protocol::DeviceMessage message, OnReply on_reply);

    KillWorld& world_;
    const bench::Device& device_;
    std::shared_ptr<bench::Line> line_{}; // empty while there is none
    std::uint64_t life_ = 0;              // that this link is of

private:
    struct Speaking {
        Answered answered;
        Clock::time_point begun;
    };

    boost::asio::awaitable<void> keep_linked();
    boost::asio::awaitable<void> wait_for_life(std::uint64_t after);
    void take(ByteView message);
    void speak(std::uint64_t alert);
    void spoken(std::uint64_t alert, const protocol::RelayMessage& reply);

    void end();

    boost::asio::steady_timer ended_{world_.executor};
    bool has_ended_ = false;
    std::uint64_t requests_ = 15;
    std::unordered_map<std::uint64_t, OnReply> waiting_{};
    std::map<std::uint64_t, Speaking> speaking_{};
};

// Raises alerts, some at once, as fast as they are confirmed; follows some of them.
class KillSender : public KillPeer {
public:
    using KillPeer::KillPeer;
    [[nodiscard]] std::size_t unconfirmed() const override
    {
        return KillPeer::unconfirmed() + unconfirmed_.size();
    }
    void press_on();

private:
    void linked() override;
    void pushed(const protocol::RelayFrame& frame) override;
    void take(const protocol::Receipt& receipt);
    void follow(std::uint64_t alert);

    std::set<std::uint64_t> unconfirmed_{};
    std::deque<std::uint64_t> followed_{};
};

// Confirms what is delivered, speaks when it has the cue, hears every ring.
class KillRecipient : public KillPeer {
public:
    KillRecipient(KillWorld& world, const bench::Device& device, std::uint16_t slot)
        : KillPeer(world, device),
          slot_(slot)
    {
    }
    // Whatever was sent before this is on the link before what follows.
    void fence();

private:
    void before_link() override { fence_ = world_.ledger.tick(); }
    void linked() override;
    void pushed(const protocol::RelayFrame& frame) override;
    void take(const protocol::Deliver& delivery);
    void confirm_soon();
    void confirm();

    std::uint16_t slot_;
    bool soon_ = false;
    std::set<std::uint64_t> arrived_{};
    std::set<std::uint64_t> confirming_{};
    std::uint64_t fence_ = 0;
    bool fencing_ = false;
};

// Asks the relay whether it still knows what it confirmed.
class KillAuditor : public KillPeer {
public:
    using KillPeer::KillPeer;
    // `last`: judges the calls as well, after all is over.
    void check(const std::vector<std::uint64_t>& alerts, bool last = false);
    // What the life before confirmed comes first; what there was no time for comes again at the
    // end.
    void check_news();
    [[nodiscard]] std::size_t left() const { return queue_.size() + under_way_.size(); }

private:
    struct Check {
        Ledger::Known known;
        std::vector<protocol::JournalRow> rows{};
        int replies = 0;
    };

    void linked() override;
    void pushed(const protocol::RelayFrame& frame) override;
    void check_on();
    void begin(std::uint64_t alert);
    void resubmitted(std::uint64_t alert, const protocol::RelayMessage& reply);
    void contradicted(std::uint64_t alert, const protocol::RelayMessage& reply);
    void followed(std::uint64_t alert, const protocol::RelayMessage& reply);
    void replied(std::uint64_t alert);

    std::deque<std::uint64_t> queue_{};
    std::unordered_map<std::uint64_t, Check> under_way_{};
    std::size_t on_this_link_ = 0;
    bool last_ = false;
};

} // namespace tocsin::tests
