// The reference engine: what the port promises, in the plainest words. For tests and the simulator.
//
// Every call finishes before it returns. Nothing outlives the object.
// Thread safety: any thread.
#pragma once

#include "relay/store/alert_store.hpp"

#include <map>
#include <mutex>

namespace tocsin::store {

class MemoryStore final : public AlertStore {
public:
    explicit MemoryStore(Identity identity) : identity_(std::move(identity)) {}

    asio::awaitable<Result<Identity>> identity() override;

    asio::awaitable<Result<Committed>> insert(NewAlert alert) override;
    asio::awaitable<Result<void>> append(Append change) override;
    asio::awaitable<Result<StoredAlert>> load(AlertId id) override;
    asio::awaitable<Result<std::vector<StoredAlert>>> load_many(std::vector<AlertId> ids) override;
    asio::awaitable<Result<std::vector<Row>>> rows(AlertId id, std::uint64_t first,
                                                   std::size_t count_max) override;
    asio::awaitable<Result<std::vector<Due>>>
    claim_due(TimePoint now, std::chrono::milliseconds lease, std::size_t count_max) override;
    asio::awaitable<Result<std::optional<TimePoint>>> next_deadline() override;
    asio::awaitable<Result<std::vector<AlertId>>> open_alerts(std::optional<AlertId> after,
                                                              std::size_t count_max) override;
    asio::awaitable<Result<std::size_t>> destroy_content(TimePoint closed_before,
                                                         std::size_t count_max) override;

    asio::awaitable<Result<void>> mark(std::vector<Mark> marks) override;
    asio::awaitable<Result<std::vector<Pending>>>
    pending(MailboxId mailbox, std::optional<Pending> after, std::size_t count_max) override;

    asio::awaitable<Result<std::optional<PublishedDirectory>>> directory() override;
    asio::awaitable<Result<void>> put_directory(PublishedDirectory next) override;
    asio::awaitable<Result<void>> put_prekeys(MailboxId mailbox,
                                              std::vector<Bytes> prekeys) override;
    asio::awaitable<Result<std::vector<Bytes>>> prekeys() override;
    asio::awaitable<Result<void>> put_join_request(JoinRow request) override;
    asio::awaitable<Result<void>> put_member_request(JoinRow request) override;
    asio::awaitable<Result<std::vector<JoinRow>>> join_requests() override;
    asio::awaitable<Result<void>> put_join_answer(JoinRow answer) override;
    asio::awaitable<Result<Bytes>> join_answer(Digest invitation) override;

    asio::awaitable<Result<std::optional<core::TimeSample>>> kept_time() override;
    asio::awaitable<Result<void>> keep_time(core::TimeSample sample) override;

private:
    struct Alert {
        StoredAlert stored;
        std::optional<TimePoint> closed_at{};
        bool destroyed = false;
        TimePoint claimed_until{};
    };
    // `n` is the order of opening. Delivered ones stay, so that a reader's place among them does.
    struct Delivery {
        std::uint64_t n = 0;
        Mark mark;
    };
    using Slot = std::pair<AlertId, std::uint16_t>;
    struct Join {
        Bytes request;
        Bytes answer;
    };

    void open(const AlertId& alert, const std::vector<Opening>& openings);
    static bool waits(const Delivery& delivery)
    {
        return delivery.mark.state < DeliveryState::delivered;
    }

    std::mutex mutex_;
    const Identity identity_;
    std::map<AlertId, Alert> alerts_;
    std::map<Slot, Delivery> deliveries_;
    std::uint64_t delivery_count_ = 0;
    std::optional<PublishedDirectory> directory_;
    std::map<MailboxId, std::vector<Bytes>> prekeys_;
    std::map<Digest, Join> joins_;
    std::optional<core::TimeSample> time_;
};

} // namespace tocsin::store
