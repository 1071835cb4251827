#include "tests/fuzz/samples.hpp"

#include "client-lib/protocol/authorization.hpp"
#include "client-lib/protocol/content.hpp"
#include "client-lib/protocol/directory.hpp"
#include "client-lib/protocol/frame.hpp"
#include "client-lib/protocol/directory_wire.hpp"
#include "client-lib/protocol/invitation.hpp"
#include "tests/unit/protocol/example.hpp"
#include "tests/unit/protocol/link_samples.hpp"

namespace tocsin::fuzz {
namespace {

using namespace tocsin::protocol;
using example::id_of;
using example::now;
using example::Seed;
using example::sign_key;

using Samples = std::map<std::string, std::vector<Bytes>>;

Bytes bytes_of(std::string_view text) { return {text.begin(), text.end()}; }

SignedBytes part(const crypto::SignKey& key, std::string_view label, Bytes bytes)
{
    SignedBytes made{std::move(bytes), {}};
    made.signature = crypto::sign(key, label, {made.bytes});
    return made;
}

void add_link(Samples& to)
{
    for (const DeviceFrame& frame : example::device_frames())
        to["device_frame"].push_back(encode(frame));
    for (const RelayFrame& frame : example::relay_frames())
        to["relay_frame"].push_back(encode(frame));
    to["unframe"] = {frame({}).value(), frame(to["device_frame"].back()).value(),
                     frame(to["relay_frame"][3]).value()};
    // A message, one in two fragments with a ping between, and a goodbye; the mask is zero.
    to["websocket_frames"] = {{0x82, 0x83, 0, 0, 0, 0, 1, 2, 3},
                              {0x02, 0x81, 0, 0, 0, 0, 1, 0x89, 0x80, 0, 0, 0, 0, 0x80, 0x81, 0, 0, 0, 0, 2,
                               0x88, 0x82, 0, 0, 0, 0, 0x03, 0xE8}};
    Authorization authorization;
    authorization.key = id_of<BoxPublicKey>(1);
    authorization.proof.fill(2);
    to["authorization"] = {bytes_of(encode_authorization(authorization))};
}

void add_alert(Samples& to)
{
    const example::World small(1);
    const example::World large(5);
    to["envelope"] = {small.sealed().envelope, large.sealed().envelope};

    Content content;
    content.alert = small.content();
    content.sent_at = now;
    content.certificate = small.sender().certificate;
    content.directory_key = small.sender().directory_key;
    content.recipients = {small.desk(0)};
    content.no_forward_secrecy = {true};
    to["content"] = {encode(content)};
    const AnswerNote note{
        "Amina", "On our way.", {Commitment::visit}, std::chrono::minutes(40), Duress::ok};
    to["answer_note"] = {encode(note), encode(AnswerNote{})};
    const FollowUpNote follow_up{"Moved.", small.content().where, now};
    to["follow_up"] = {encode(follow_up)};

    const Answered answered{author_owner,     Verb::cancel,       1, std::chrono::seconds(0), 0,
                            id_of<Digest>(2), id_of<Signature>(3)};
    const FollowedUp followed_up{0, 1, {}, id_of<Digest>(4), id_of<Signature>(5)};
    const std::vector<Event> events{AlertStored{id_of<Digest>(1)},
                                    StepOpened{1, 1, StepCause::unreached, true},
                                    ContactSkipped{},
                                    Paged{PageCause::desk, {0, 1, 2}, true},
                                    answered,
                                    HoldBegan{},
                                    HoldEnded{},
                                    Lapsed{1},
                                    PlanExhausted{},
                                    CancelUnconfirmed{},
                                    Closed{},
                                    SlotFailed{2},
                                    followed_up,
                                    StepReached{1},
                                    ContactDeclined{1},
                                    TimeInDoubt{}};
    to["journal_entry"] = {encode(JournalEntry{9, now, events}),
                           encode(JournalEntry{0, now, {events[0], events[1]}})};
}

void add_directory(Samples& to)
{
    const auto expiry = std::chrono::floor<std::chrono::seconds>(now) + std::chrono::hours(24);
    const auto org = id_of<OrgId>(example::org_id_byte);
    const crypto::SignKey contact_key = sign_key(Seed::desk_device, 8);
    const crypto::SignKey device_key = sign_key(Seed::desk_device, 0);
    const BoxPublicKey box_key = example::box_key(Seed::desk_prekey).public_key();
    const DeviceCard card{device_id(device_key.public_key()),
                          device_key.public_key(),
                          box_key,
                          box_key,
                          box_key,
                          id_of<MailboxId>(1)};
    Contact contact;
    contact.number = 1;
    contact.id = "amina";
    contact.name = "Amina";
    contact.country = "CD";
    contact.languages = {"fr", "sw"};
    contact.joined = {{contact_key.public_key(),
                       part(contact_key, label::device_list,
                            encode(DeviceList{contact_key.public_key(), 1, {card}})),
                       7}};
    contact.people = {{7, "amina", "Amina"}};
    Policy policy;
    policy.id = "default";
    policy.conditions.categories = {Category::arrest};
    policy.steps = {{std::chrono::seconds(60), {1}}};
    policy.quorum = {{Kind::any, 1}};
    policy.term = policy.repage = policy.last_resort_interval = std::chrono::minutes(10);
    policy.life = std::chrono::hours(48);
    Roster roster;
    roster.org = org;
    roster.version = 1;
    roster.name = "Great Lakes Protection Network";
    roster.contacts = {contact};
    roster.policies = {policy};
    roster.revoked_defenders = {id_of<DeviceId>(9)};
    roster.incident_window = std::chrono::minutes(45);
    to["roster"] = {encode(roster)};

    RoutingView routing{org, 1, {}};
    routing.devices.push_back(
        {Role::admin, id_of<Digest>(1), {}, 0, Kind::any, Bytes(96, 1), false, {}});
    routing.devices.push_back({Role::contact,
                               id_of<Digest>(2),
                               id_of<MailboxId>(1),
                               1,
                               Kind::peer,
                               Bytes(96, 2),
                               true,
                               {}});
    routing.devices.push_back(
        {Role::invitation, id_of<Digest>(3), {}, 0, Kind::any, {}, false, expiry});
    to["routing"] = {encode(routing)};

    const crypto::SignKey root = sign_key(Seed::root);
    const crypto::SignKey old_root = sign_key(Seed::desk_device, 7);
    const crypto::SignKey directory_key = sign_key(Seed::directory_key);
    const Bytes rotation = encode(RootRotation{org, old_root.public_key(), root.public_key(), 1});
    DirectoryBundle bundle;
    bundle.rotations = {{rotation, crypto::sign(old_root, label::rotation, {rotation}),
                         crypto::sign(root, label::rotation, {rotation})}};
    bundle.directory_key = part(root, label::directory_key,
                                encode(DirectoryKey{org, directory_key.public_key(), 1, expiry}));
    bundle.roster = Bytes(64, 7);
    Manifest manifest;
    manifest.org = org;
    manifest.version = 1;
    manifest.expires_at = expiry;
    manifest.roster_hash = roster_hash(bundle.roster);
    manifest.routing_hash = routing_hash(encode(routing));
    bundle.manifest = part(directory_key, label::manifest, encode(manifest));
    to["bundle"] = {encode(bundle)};
    to["publication"] = {encode(Published{encode(bundle), encode(routing)})};

    Prekey prekey;
    prekey.device = card.device;
    prekey.number = 1;
    prekey.key = box_key;
    prekey.created_at = expiry;
    prekey.expires_at = expiry;
    to["prekey"] = {sign_prekey(prekey, device_key)};

    Invitation invitation;
    invitation.org = org;
    invitation.root = root.public_key();
    invitation.relay_sign_key = sign_key(Seed::relay).public_key();
    invitation.relay_box_key = box_key;
    invitation.addresses = {"relay.example:443"};
    invitation.secret = Bytes(32, 5);
    invitation.expires_at = expiry;
    invitation.org_name = roster.name;
    invitation.for_whom = "Umoja 7";
    to["invitation"] = {bytes_of(encode_code(invitation))};

    MemberRequest request;
    request.org = org;
    request.device = card.device;
    request.wish = MemberRequest::Wish::revoke;
    request.target = id_of<DeviceId>(9);
    request.number = 1'774'000'000'000;
    to["member_request"] = {wire::member_request(request)};
    MemberAnswer answer;
    answer.org = org;
    answer.device = card.device;
    answer.number = request.number;
    answer.code = encode_code(invitation);
    answer.spoken = "48210937551266083196";
    to["member_answer"] = {wire::member_answer(answer)};
    to["spoken_code"] = {bytes_of(answer.spoken), bytes_of("4821-0937 5512.6608, 3196\n")};
}

// Everything a directory.toml may hold, once; and the smallest that is of use.
void add_directory_file(Samples& to)
{
    to["directory_file"] = {bytes_of(R"(organisation = "O"
[consent]
kinds = ["peer", "protection_desk"]
[[person]]
id = "a"
name = "A"
[[contact]]
id = "desk"
name = "D"
kind = "protection_desk"
country = "CD"
languages = ["fr"]
people = ["a"]
[[contact.channel]]
type = "sms"
address = "+243970000000"
[[schedule]]
id = "rota"
contact = "desk"
zone = "Africa/Kampala"
[[schedule.rotation]]
people = ["a"]
turn = "12h"
from = 2026-01-05
only = ["mon-fri 20:00-08:00"]
[[schedule.override]]
from = 2026-03-04T18:00:00
until = "2026-03-05 08:00"
off = "a"
[[community]]
id = "c"
peers = ["desk"]
[[policy]]
id = "p"
severities = ["severe"]
communities = ["c"]
quorum = ["1 of any"]
[[policy.step]]
targets = ["community"]
delay = "5m"
consent = ["name_to_government"]
)"),
                            bytes_of(R"(organisation = "O"
contact = [{ id = "a", name = "A", kind = "peer" }]
[[policy]]
id = "p"
[[policy.step]]
targets = ["a"]
)")};
}

} // namespace

Samples samples()
{
    Samples all;
    add_link(all);
    add_alert(all);
    add_directory(all);
    add_directory_file(all);
    return all;
}

} // namespace tocsin::fuzz
