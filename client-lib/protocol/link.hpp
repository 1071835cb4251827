// The messages of a link as values; proto/tocsin/v1/link.proto is their wire form.
#pragma once

#include "client-lib/protocol/envelope.hpp"
#include "client-lib/protocol/words.hpp"

#include <tocsin/errc.hpp>
#include <tocsin/ids.hpp>
#include <tocsin/journal.hpp>

#include <variant>
#include <vector>

namespace tocsin::protocol {

inline constexpr std::string_view subprotocol = "tocsin.v1";
inline constexpr std::string_view link_path = "/v1/link";
// Upgrade request:  Authorization: Tocsin key="<base64url device X25519>", binding="tls-exporter",
//                   proof="<base64url>"
// 101 response:     Tocsin-Proof: <base64url>
inline constexpr std::string_view authorization_scheme = "Tocsin";
inline constexpr std::string_view relay_proof_header = "Tocsin-Proof";

// ---- device -> relay ----

struct Submit { Bytes envelope; };
struct Answer { AlertId alert; Answered answered; Bytes note; };
struct FollowUp { AlertId alert; FollowedUp followed_up; Bytes body; };
struct Delivered { std::vector<AlertId> alerts; };
struct Opened { AlertId alert; Signature signature; };
struct CannotOpen { AlertId alert; };
struct Follow {
    AlertId alert;
    std::uint64_t have = 0;
    std::optional<Signature> owner_signature{};
    bool outcome = false;
};
struct GetDirectory { std::uint64_t have_version = 0; };
struct PutDirectory { Bytes published; };
struct PutPrekeys { std::vector<Bytes> prekeys; };
struct GetPrekeys {};
struct PutJoinRequest { Bytes box; };
struct GetJoinAnswer {};
struct GetJoinRequests {};
struct PutJoinAnswer { Digest invitation; Bytes box; };
struct Heartbeat {};

using DeviceMessage =
    std::variant<Submit, Answer, FollowUp, Delivered, Opened, CannotOpen, Follow, GetDirectory,
                 PutDirectory, PutPrekeys, GetPrekeys, PutJoinRequest, GetJoinAnswer,
                 GetJoinRequests, PutJoinAnswer, Heartbeat>;

struct DeviceFrame {
    std::uint64_t request = 0; // echoed in the reply; 0: no reply wanted
    DeviceMessage body;
};

// ---- relay -> device ----

struct Done {};
struct Error { Errc code = Errc::malformed_frame; };
struct Call { PageCause cause = PageCause::step; bool late = false; }; // wake a person now
struct Deliver {
    Bytes header;
    Bytes plan;
    std::uint16_t slot_number = 0;
    Slot slot;
    Bytes payload;
    bool revoked_sender = false;
    std::optional<Call> call{}; // as a Ring right after it
};
struct Ring { AlertId alert; Call call; };
struct JournalRow { Bytes entry; Bytes body; };
struct JournalRows {
    AlertId alert;
    std::uint64_t first_seq = 0;
    std::vector<JournalRow> rows;
};
struct Mark {
    std::uint16_t slot = 0;
    DeliveryState state = DeliveryState::sent;
    TimePoint at{};
    std::optional<Signature> signature{}; // with `opened`
};
struct Marks { AlertId alert; std::vector<Mark> marks; };
struct Directory { Bytes bundle; Bytes roster_wrap; bool up_to_date = false; };
struct Prekeys { std::vector<Bytes> prekeys; };
struct JoinRequest { Digest invitation; Bytes box; };
struct JoinRequests { std::vector<JoinRequest> requests; };
struct JoinAnswer { Bytes box; };
struct Draining {};
struct DirectoryChanged { std::uint64_t version = 0; };

using RelayMessage =
    std::variant<Done, Error, Receipt, Deliver, Ring, JournalRows, Marks, Directory, Prekeys,
                 JoinRequests, JoinAnswer, Heartbeat, Draining, DirectoryChanged>;

struct RelayFrame {
    std::uint64_t request = 0; // the request answered; 0: pushed
    RelayMessage body;
};

// To and from the message inside a frame (frame.hpp pads it). Decoding refuses unknown bodies,
// wrong sizes of ids and keys, numbers out of range: Errc::malformed_frame.
[[nodiscard]] Bytes encode(const DeviceFrame& frame);
[[nodiscard]] Bytes encode(const RelayFrame& frame);
[[nodiscard]] Result<DeviceFrame> decode_device_frame(ByteView message);
[[nodiscard]] Result<RelayFrame> decode_relay_frame(ByteView message);

} // namespace tocsin::protocol
