// Fields of directory.proto that several of its messages share; included by convert_*.cpp alone.
#pragma once

#include "client-lib/protocol/convert_wire.hpp"
#include "client-lib/protocol/directory.hpp"

#include <tocsin/limits.hpp>

#include "tocsin/v1/directory.pb.h"

#include <string>

namespace tocsin::protocol::fields {

using std::chrono::seconds;

inline constexpr std::size_t locator_bytes = 16;

// ---- values -> fields ----

inline std::string raw(ByteView bytes)
{
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}
template <class Tag, std::size_t N>
std::string raw(const Id<Tag, N>& id)
{
    return raw(id.view());
}
inline std::int64_t unix_s(Seconds at) { return at.time_since_epoch().count(); }
inline std::uint32_t count_s(seconds s) { return static_cast<std::uint32_t>(s.count()); }

// ---- fields -> values; false when the shape is wrong ----

inline Seconds at(std::int64_t s) { return Seconds{seconds{s}}; }

template <class Tag, std::size_t N>
bool take(const std::string& field, Id<Tag, N>& to)
{
    const auto id = Id<Tag, N>::from(wire::view(field));
    if (id) to = *id;
    return id.has_value();
}
// An empty field is no value.
template <class Tag, std::size_t N>
bool take(const std::string& field, std::optional<Id<Tag, N>>& to)
{
    to.reset();
    if (field.empty()) return true;
    to = Id<Tag, N>::from(wire::view(field));
    return to.has_value();
}
inline bool take(const std::string& field, crypto::Secret<32>& to)
{
    if (field.size() != 32) return false;
    to = crypto::Secret<32>::copy_of(wire::view(field));
    return true;
}
// An unsigned part has neither bytes nor signature.
inline bool take(const std::string& part, const std::string& signature, SignedBytes& to)
{
    to.bytes = wire::bytes_of(part);
    if (part.empty() && signature.empty()) return true;
    return take(signature, to.signature);
}
// Far enough for any clock, and no arithmetic on it can overflow.
inline bool take(std::int64_t s, Seconds& to)
{
    constexpr std::int64_t year_9999 = 253402300799;
    to = at(s);
    return 0 <= s && s <= year_9999;
}
inline bool take(std::uint32_t s, seconds& to)
{
    to = seconds{s};
    return to <= limits::alert_life_max;
}
inline bool take(std::uint32_t number, Kind& to)
{
    to = static_cast<Kind>(number);
    return number <= kind_max;
}
inline bool take(std::uint32_t number, Role& to)
{
    to = static_cast<Role>(number);
    return number >= 1 && number <= 4;
}

// ---- parts shared by several messages ----

inline void put(v1::DeviceCard* to, const DeviceCard& card)
{
    to->set_device(raw(card.device));
    to->set_sign_key(raw(card.sign_key));
    to->set_auth_key(raw(card.auth_key));
    to->set_roster_key(raw(card.roster_key));
    to->set_last_resort_key(raw(card.last_resort_key));
    to->set_mailbox(raw(card.mailbox));
}
inline bool take(const v1::DeviceCard& from, DeviceCard& to)
{
    return take(from.device(), to.device) && take(from.sign_key(), to.sign_key) &&
           take(from.auth_key(), to.auth_key) && take(from.roster_key(), to.roster_key) &&
           take(from.last_resort_key(), to.last_resort_key) && take(from.mailbox(), to.mailbox) &&
           to.device == device_id(to.sign_key);
}

inline void put(v1::SignedRootRotation* to, const SignedRootRotation& r)
{
    to->set_rotation(raw(r.rotation));
    to->set_old_signature(raw(r.by_old));
    to->set_new_signature(raw(r.by_new));
}
inline bool take(const v1::SignedRootRotation& from, SignedRootRotation& to)
{
    to.rotation = wire::bytes_of(from.rotation());
    return take(from.old_signature(), to.by_old) && take(from.new_signature(), to.by_new);
}

inline void put(v1::ContactPerson* to, const ContactPerson& person)
{
    to->set_contact_key(raw(person.contact_key));
    to->set_device_list(raw(person.device_list.bytes));
    to->set_device_list_signature(raw(person.device_list.signature));
    to->set_person(person.person);
}
inline bool take(const v1::ContactPerson& from, ContactPerson& to)
{
    to.person = from.person();
    return take(from.contact_key(), to.contact_key) && !from.device_list().empty() &&
           take(from.device_list(), from.device_list_signature(), to.device_list);
}

// convert_schedule.cpp
void put(v1::ContactSchedule* to, const ContactSchedule& from);
bool take(const v1::ContactSchedule& from, ContactSchedule& to);

// Whole messages.
template <class Message>
Bytes serialised(const Message& message)
{
    return wire::serialise(message);
}
template <class Message>
bool parse(ByteView from, Message& to)
{
    return wire::parse(to, from);
}

} // namespace tocsin::protocol::fields
