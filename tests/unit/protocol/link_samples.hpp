// One of each message with every field set, for round trips and for the fuzzers' corpus.
#pragma once

#include "client-lib/protocol/link.hpp"
#include "tests/unit/protocol/example.hpp"

#include <vector>

namespace tocsin::protocol::example {

inline std::vector<DeviceFrame> device_frames()
{
    const auto alert = id_of<AlertId>(1);
    const Answered answered{
        3, Verb::accept, 1, std::chrono::minutes(30), 2, id_of<Digest>(2), id_of<Signature>(3)};
    const FollowedUp followed_up{author_owner, 2, id_of<Digest>(4), id_of<Digest>(5),
                                 id_of<Signature>(6)};
    return {{1, Submit{Bytes(300, 7)}},
            {1, Submit{}},
            {2, Answer{alert, answered, Bytes(552, 8)}},
            {3, FollowUp{alert, followed_up, Bytes(552, 9)}},
            {0, Delivered{{alert, id_of<AlertId>(2)}}},
            {0, Opened{alert, id_of<Signature>(10)}},
            {0, CannotOpen{alert}},
            {4, Follow{alert, 12, id_of<Signature>(11), true}},
            {4, Follow{alert, 0, {}, false}},
            {5, GetDirectory{41}},
            {6, PutDirectory{Bytes(400, 12)}},
            {7, PutPrekeys{{Bytes(90, 13), Bytes(90, 14)}}},
            {8, GetPrekeys{}},
            {9, PutJoinRequest{Bytes(1064, 15)}},
            {10, GetJoinAnswer{}},
            {11, GetJoinRequests{}},
            {12, PutJoinAnswer{id_of<Digest>(16), Bytes(1064, 17)}},
            {UINT64_MAX, Heartbeat{}}};
}

inline std::vector<RelayFrame> relay_frames()
{
    const auto alert = id_of<AlertId>(1);
    const ReceiptFacts facts{alert, id_of<Digest>(2), now, id_of<MailboxId>(3).value,
                             id_of<Digest>(4)};
    const Receipt receipt{facts, 2, 5, {id_of<Digest>(5), id_of<Digest>(6)}, id_of<Signature>(7)};
    const Deliver deliver{
        Bytes(150, 8),   Bytes(200, 9), 3, {{1, 2, 3, 4}, Bytes(slot_sealed_bytes, 10)},
        Bytes(1064, 11), true,          Call{PageCause::resumed, true}};
    return {{1, Done{}},
            {2, Error{Errc::storage_full}},
            {3, receipt},
            {0, deliver},
            {0, Deliver{{}, {}, 0, {{1, 2, 3, 4}, Bytes(slot_sealed_bytes, 10)}, {}, false}},
            {0, Ring{alert, {PageCause::reminder, true}}},
            {4, JournalRows{alert, 7, {{Bytes(20, 12), Bytes(552, 13)}, {Bytes(30, 14), {}}}}},
            {0, Marks{alert,
                      {{0, DeliveryState::delivered, now, {}},
                       {1, DeliveryState::opened, now, id_of<Signature>(15)}}}},
            {5, Directory{Bytes(300, 16), Bytes(96, 17), true}},
            {6, Prekeys{{Bytes(90, 18)}}},
            {7, JoinRequests{{{id_of<Digest>(19), Bytes(1064, 20)}}}},
            {8, JoinAnswer{Bytes(1064, 21)}},
            {9, Heartbeat{}},
            {0, Draining{}},
            {0, DirectoryChanged{42}}};
}

} // namespace tocsin::protocol::example
