// The organisation of every story, and alerts sealed ahead: each is real, and none says anything.
#pragma once

#include "tests/unit/service/publisher.hpp"

#include "client-lib/protocol/seal.hpp"

#include <tocsin/plan.hpp>

#include <deque>
#include <vector>

namespace tocsin::sim {

// An alert as its sender and its recipients hold it.
struct Sealed {
    AlertId id;
    Bytes envelope;
    Digest digest;
    Digest header_hash;
    Plan plan;
    TimePoint expires_at{};
    crypto::SignKey owner_key;
    std::vector<crypto::SignKey> answer_keys; // by slot
};

class Stock {
public:
    Stock();

    [[nodiscard]] const OrgId& org() const { return publisher_.org; }
    [[nodiscard]] const crypto::BoxKey& operator_key() const { return operator_key_; }
    [[nodiscard]] const service::test::Device& admin() const { return *admin_; }
    // By their place: contact n + 1 has people()[n].
    [[nodiscard]] const std::vector<const service::test::Device*>& desks() const { return desks_; }
    [[nodiscard]] const std::vector<const service::test::Device*>& senders() const
    {
        return senders_;
    }
    // Whether a desk's device is on call at that time.
    [[nodiscard]] bool on_call(const service::test::Device& device, TimePoint at) const;
    // The directory of version n + 1, in which the first n of an order of desks' devices are revoked.
    [[nodiscard]] const Bytes& directory(std::size_t n);
    // Which desk's device version n + 2 revokes beyond version n + 1.
    [[nodiscard]] std::size_t revoked_by(std::size_t n) const { return n * 5 % desks_.size(); }
    [[nodiscard]] std::size_t directories_max() const { return 4; }

    // The same number gives the same alert.
    [[nodiscard]] const Sealed& alert(std::size_t number);

private:
    [[nodiscard]] Sealed seal(std::size_t number) const;
    [[nodiscard]] protocol::CompiledPlan plan(std::size_t number) const;

    service::test::Publisher publisher_;
    ZoneRules zone_;
    crypto::BoxKey operator_key_;
    const service::test::Device* admin_ = nullptr;
    std::vector<const service::test::Device*> desks_;
    std::vector<const service::test::Device*> senders_;
    std::vector<service::test::Device*> mutable_desks_;
    std::deque<Bytes> directories_;
    std::deque<Sealed> alerts_;
};

} // namespace tocsin::sim
