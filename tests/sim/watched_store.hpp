// A store that tells a witness what the service asks of it and what becomes durable.
#pragma once

#include "relay/store/alert_store.hpp"

namespace tocsin::sim {

class Witness {
public:
    virtual ~Witness() = default;
    // Decided, and now on its way to the disk.
    virtual void begins(const AlertId& id, const std::vector<store::Row>& rows,
                        const store::Position& position) = 0;
    // The store's word for it: durable, or not.
    virtual void ends(const AlertId& id, const store::Position& position,
                      const boost::system::error_code& error) = 0;
    virtual void marked(const std::vector<store::Mark>& marks) = 0;
};

class WatchedStore final : public store::AlertStore {
public:
    WatchedStore(store::AlertStore& store, Witness& witness) : store_(store), witness_(witness) {}

    template <class T>
    using Awaitable = boost::asio::awaitable<Result<T>>;

    Awaitable<store::Committed> insert(store::NewAlert alert) override
    {
        std::vector<store::Row> rows(1, alert.row);
        const AlertId id = alert.id;
        const Digest digest = alert.digest;
        const store::Position position = alert.position;
        witness_.begins(id, rows, position);
        Result<store::Committed> done = co_await store_.insert(std::move(alert));
        // What was there before is no commit of this one.
        boost::system::error_code error;
        if (!done) error = done.error();
        if (done && (done->existed || done->digest != digest)) error = Errc::already_exists;
        witness_.ends(id, position, error);
        co_return done;
    }
    Awaitable<void> append(store::Append change) override
    {
        const AlertId id = change.id;
        const store::Position position = change.position;
        witness_.begins(id, change.rows, position);
        Result<void> done = co_await store_.append(std::move(change));
        boost::system::error_code error;
        if (!done) error = done.error();
        witness_.ends(id, position, error);
        co_return done;
    }
    Awaitable<void> mark(std::vector<store::Mark> marks) override
    {
        const std::vector<store::Mark> copy = marks;
        Result<void> done = co_await store_.mark(std::move(marks));
        if (done) witness_.marked(copy);
        co_return done;
    }

    Awaitable<store::Identity> identity() override { return store_.identity(); }
    Awaitable<store::StoredAlert> load(AlertId id) override { return store_.load(id); }
    Awaitable<std::vector<store::StoredAlert>> load_many(std::vector<AlertId> ids) override
    {
        return store_.load_many(std::move(ids));
    }
    Awaitable<std::vector<store::Row>> rows(AlertId id, std::uint64_t first,
                                            std::size_t count_max) override
    {
        return store_.rows(id, first, count_max);
    }
    Awaitable<std::vector<store::Due>> claim_due(TimePoint now, std::chrono::milliseconds lease,
                                                 std::size_t count_max) override
    {
        return store_.claim_due(now, lease, count_max);
    }
    Awaitable<std::optional<TimePoint>> next_deadline() override { return store_.next_deadline(); }
    Awaitable<std::size_t> destroy_content(TimePoint closed_before, std::size_t count_max) override
    {
        return store_.destroy_content(closed_before, count_max);
    }
    Awaitable<std::vector<store::Pending>> pending(MailboxId mailbox,
                                                   std::optional<store::Pending> after,
                                                   std::size_t count_max) override
    {
        return store_.pending(mailbox, after, count_max);
    }
    Awaitable<std::optional<store::PublishedDirectory>> directory() override
    {
        return store_.directory();
    }
    Awaitable<void> put_directory(store::PublishedDirectory next) override
    {
        return store_.put_directory(std::move(next));
    }
    Awaitable<void> put_prekeys(MailboxId mailbox, std::vector<Bytes> prekeys) override
    {
        return store_.put_prekeys(mailbox, std::move(prekeys));
    }
    Awaitable<std::vector<Bytes>> prekeys() override { return store_.prekeys(); }
    Awaitable<void> put_join_request(store::JoinRow request) override
    {
        return store_.put_join_request(std::move(request));
    }
    Awaitable<void> put_member_request(store::JoinRow request) override
    {
        return store_.put_member_request(std::move(request));
    }
    Awaitable<std::vector<store::JoinRow>> join_requests() override
    {
        return store_.join_requests();
    }
    Awaitable<void> put_join_answer(store::JoinRow answer) override
    {
        return store_.put_join_answer(std::move(answer));
    }
    Awaitable<Bytes> join_answer(Digest invitation) override
    {
        return store_.join_answer(invitation);
    }
    Awaitable<std::vector<AlertId>> open_alerts(std::optional<AlertId> after,
                                                std::size_t count_max) override
    {
        return store_.open_alerts(after, count_max);
    }
    Awaitable<std::optional<core::TimeSample>> kept_time() override { return store_.kept_time(); }
    Awaitable<void> keep_time(core::TimeSample sample) override
    {
        return store_.keep_time(sample);
    }

private:
    store::AlertStore& store_;
    Witness& witness_;
};

} // namespace tocsin::sim
