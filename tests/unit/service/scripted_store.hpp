// A store in front of another: it can hold a change back, let it fail, and let others go first.
#pragma once

#include "relay/store/alert_store.hpp"
#include "tests/unit/service/latch.hpp"

#include <deque>
#include <functional>
#include <set>

namespace tocsin::service::test {

class ScriptedStore final : public store::AlertStore {
public:
    template <class T>
    using Later = boost::asio::awaitable<Result<T>>;

    explicit ScriptedStore(store::AlertStore& inner) : inner_(inner) {}

    // From here on no change of an alert or a mark is written until `let_go`.
    void hold() { holding_ = true; }
    void let_go();
    [[nodiscard]] std::size_t held() const { return held_.waiting(); }

    // The next changes of alerts and marks end so, in this order, and are not written.
    void fail(Errc code) { failures_.push_back(code); }
    // These calls end so as long as it is set.
    std::optional<Errc> claim_fault{};
    std::optional<Errc> read_fault{}; // of pending and rows
    std::optional<Errc> destroy_fault{};
    // Runs before each append is written: another writer.
    std::function<boost::asio::awaitable<void>()> before_append{};
    // Runs after an append was written, before who asked for it hears.
    std::function<boost::asio::awaitable<void>()> after_append{};
    // Runs after a mailbox was read, before who asked for it hears: what comes meanwhile is not in it.
    std::function<boost::asio::awaitable<void>()> after_pending{};
    std::set<AlertId> damaged{};

    std::optional<Errc> list_fault{}; // of open_alerts
    std::optional<Errc> change_fault{}; // of every change of alerts and marks
    std::optional<Errc> keep_time_fault{};
    std::optional<Errc> kept_time_fault{};

    std::size_t appends = 0;  // tried
    std::size_t listings = 0; // pages asked for

    Later<store::Identity> identity() override { return inner_.identity(); }
    Later<store::Committed> insert(store::NewAlert alert) override;
    Later<void> append(store::Append change) override;
    Later<store::StoredAlert> load(AlertId id) override;
    Later<std::vector<store::StoredAlert>> load_many(std::vector<AlertId> ids) override;
    Later<std::vector<store::Row>> rows(AlertId id, std::uint64_t first,
                                        std::size_t count_max) override;
    Later<std::vector<store::Due>> claim_due(TimePoint now, std::chrono::milliseconds lease,
                                             std::size_t count_max) override;
    Later<std::optional<TimePoint>> next_deadline() override { return inner_.next_deadline(); }
    Later<std::size_t> destroy_content(TimePoint closed_before, std::size_t count_max) override;
    Later<void> mark(std::vector<store::Mark> marks) override;
    Later<std::vector<store::Pending>>
    pending(MailboxId mailbox, std::optional<store::Pending> after, std::size_t count_max) override;
    Later<std::optional<store::PublishedDirectory>> directory() override
    {
        return inner_.directory();
    }
    Later<std::vector<AlertId>> open_alerts(std::optional<AlertId> after,
                                            std::size_t count_max) override
    {
        ++listings;
        if (list_fault) return fail_listing(*list_fault);
        return inner_.open_alerts(after, count_max);
    }
    Later<void> put_directory(store::PublishedDirectory next) override;
    Later<void> put_prekeys(MailboxId mailbox, std::vector<Bytes> prekeys) override
    {
        return inner_.put_prekeys(mailbox, std::move(prekeys));
    }
    Later<std::vector<Bytes>> prekeys() override { return inner_.prekeys(); }
    Later<void> put_join_request(store::JoinRow request) override
    {
        return inner_.put_join_request(std::move(request));
    }
    Later<void> put_member_request(store::JoinRow request) override
    {
        return inner_.put_member_request(std::move(request));
    }
    Later<std::vector<store::JoinRow>> join_requests() override { return inner_.join_requests(); }
    Later<void> put_join_answer(store::JoinRow answer) override
    {
        return inner_.put_join_answer(std::move(answer));
    }
    Later<Bytes> join_answer(Digest invitation) override { return inner_.join_answer(invitation); }
    Later<std::optional<core::TimeSample>> kept_time() override;
    Later<void> keep_time(core::TimeSample sample) override;

private:
    static Later<std::vector<AlertId>> fail_listing(Errc code) { co_return code; }
    Later<void> commit(); // waits while held, then says whether the change may be written

    store::AlertStore& inner_;
    bool holding_ = false;
    Latch held_;
    std::deque<Errc> failures_;
};

} // namespace tocsin::service::test
