// The organisation of every story, and alerts sealed ahead: each is real, and none says anything.
#pragma once

#include "tests/unit/service/publisher.hpp"

#include "client-lib/protocol/seal.hpp"

#include <tocsin/plan.hpp>

#include <chrono>
#include <deque>
#include <map>
#include <unordered_map>
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
    std::size_t number = 0;

    // Made when somebody answers: locked memory is scarce, and few of many slots speak.
    [[nodiscard]] const crypto::SignKey& answer_key(std::uint16_t slot) const;

    mutable std::map<std::uint16_t, crypto::SignKey> answer_keys{};
};

// What an organisation is made of, and whom its alerts call.
struct Shape {
    struct Contact {
        Kind kind = Kind::peer;
        std::size_t devices = 1;
        std::size_t people = 2; // who share the devices, when there are several
        bool has_rota = false;
        std::vector<DutyHours> only{}; // of the rota
        std::chrono::minutes turn{60};
    };
    std::vector<Contact> contacts;
    std::size_t senders = 8;
    // A plan without contacts and slots, whose steps and last resort name places in `contacts`.
    struct Draft {
        std::vector<std::uint32_t> contacts; // numbers from 1
        Plan plan;
        std::chrono::seconds life{};
    };
    Draft (*draft)(std::size_t number) = nullptr;
    std::size_t directories = 1; // versions that change something, and the first
};

// Ten devices at six desks, two of which take turns; plans of every kind.
[[nodiscard]] Shape small_shape();

class Stock {
public:
    explicit Stock(Shape shape);

    [[nodiscard]] const OrgId& org() const { return publisher_.org; }
    [[nodiscard]] const crypto::BoxKey& operator_key() const { return operator_key_; }
    [[nodiscard]] const service::test::Device& admin() const { return *admin_; }
    // By their place.
    [[nodiscard]] const std::vector<const service::test::Device*>& desks() const { return desks_; }
    [[nodiscard]] const std::vector<const service::test::Device*>& senders() const
    {
        return senders_;
    }

    // One version of the directory, and what it says of each desk's device.
    struct Directory {
        Bytes published;
        std::vector<bool> revoked;
        std::vector<std::uint32_t> persons;
        std::vector<protocol::ContactSchedule> schedules;
    };
    [[nodiscard]] const Directory& directory(std::size_t n) const { return directories_[n]; }
    [[nodiscard]] std::size_t directories() const { return directories_.size(); }
    // The place of a desk's device.
    [[nodiscard]] std::size_t place(const MailboxId& mailbox) const { return places_.at(mailbox); }
    // Whether a desk's device is on call by that version at that time.
    [[nodiscard]] bool on_call(std::size_t version, std::size_t place, TimePoint at) const;

    // The same number gives the same alert.
    [[nodiscard]] const Sealed& alert(std::size_t number);
    void seal_until(std::size_t count);

private:
    [[nodiscard]] Sealed seal(std::size_t number) const;
    [[nodiscard]] protocol::CompiledPlan compile(std::size_t number) const;
    [[nodiscard]] std::uint32_t person_of(std::uint32_t contact, std::size_t device) const;
    [[nodiscard]] protocol::ContactSchedule rota_of(std::uint32_t contact) const;
    void publish();
    void change(std::size_t version);

    Shape shape_;
    service::test::Publisher publisher_;
    ZoneRules zone_;
    crypto::BoxKey operator_key_;
    const service::test::Device* admin_ = nullptr;
    std::vector<const service::test::Device*> desks_;
    std::vector<const service::test::Device*> senders_;
    std::vector<service::test::Device*> mutable_desks_;
    std::unordered_map<MailboxId, std::size_t> places_;
    std::deque<Directory> directories_;
    std::unordered_map<std::size_t, Sealed> alerts_;
};

} // namespace tocsin::sim
