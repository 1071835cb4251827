// What a member's device asks of the admin by itself.
#include "client-lib/directory/books.hpp"

#include "client-lib/protocol/requests.hpp"

#include <algorithm>

namespace tocsin::directory {
namespace {

using namespace std::chrono_literals;
using protocol::BookDevice;
using protocol::MemberAnswer;
using protocol::MemberRequest;
using protocol::Role;

// The new device is at hand when it is asked for.
constexpr std::chrono::seconds added_life = 24h;

// People by their number; a contact that lists none counts as one person. A defender is its
// pseudonym.
bool same_person(const BookDevice& a, const BookDevice& b)
{
    if (a.role != b.role) return false;
    if (a.role == Role::contact) return a.contact == b.contact && a.person == b.person;
    return a.pseudonym == b.pseudonym && a.community == b.community;
}

BookDevice* find_device(Books& books, const DeviceId& id)
{
    const auto it = std::ranges::find_if(
        books.devices, [&](const BookDevice& device) { return device.card.device == id; });
    return it == books.devices.end() ? nullptr : &*it;
}

MemberWish::What what_of(MemberRequest::Wish wish)
{
    switch (wish) {
    case MemberRequest::Wish::revoke:
        return MemberWish::What::revoke;
    case MemberRequest::Wish::leave:
        return MemberWish::What::leave;
    case MemberRequest::Wish::add:
        return MemberWish::What::add;
    }
    return MemberWish::What::leave;
}

// Does it, unless it may not be, and fills in what the device is told.
Result<void> grant(Books& books, BookDevice& device, const MemberRequest& request,
                   std::string_view language, TimePoint now, MemberWish& wish, MemberAnswer& answer)
{
    if (request.wish == MemberRequest::Wish::revoke) {
        BookDevice* target = find_device(books, *request.target);
        answer.refused = target == nullptr || !same_person(device, *target);
        if (!answer.refused) target->revoked = true;
    } else if (request.wish == MemberRequest::Wish::leave) {
        device.revoked = true;
    } else {
        const Result<Invited> invited = invite_again(books, device, added_life, language, now);
        if (!invited) return invited.error();
        wish.invitation = invited->auth_hash;
        answer.code = invited->code;
        answer.spoken = invited->spoken;
    }
    return {};
}

} // namespace

Result<MemberWish> hear(Books& books, const Digest& from, ByteView request_box,
                        std::string_view language, TimePoint now)
{
    const auto device = std::ranges::find_if(books.devices, [&](const BookDevice& each) {
        return protocol::auth_hash(each.card.auth_key) == from;
    });
    if (device == books.devices.end()) return Errc::not_found;
    const auto box_key = crypto::BoxKey::from_secret(books.admin_box.view());
    const auto opened = protocol::open_member_request(request_box, box_key, books.org);
    if (!opened) return opened.error();
    if (!protocol::signed_by(*opened, device->card.sign_key)) return Errc::invalid_signature;
    const MemberRequest& request = opened->request;

    MemberWish wish;
    wish.what = what_of(request.wish);
    wish.target = request.target;
    if (request.number == device->last_request) {
        wish.device = enrolled(books, *device);
        wish.again = true;
        wish.answer = device->last_answer;
        return wish;
    }
    if (request.number < device->last_request) return Errc::stale;
    if (device->revoked) return Errc::not_authorised;

    MemberAnswer answer;
    answer.org = books.org;
    answer.device = request.device;
    answer.number = request.number;
    const Result<void> granted = grant(books, *device, request, language, now, wish, answer);
    if (!granted) return granted.error();
    // The card's keys were tried when it was admitted: this can't fail any more.
    Result<Bytes> sealed = protocol::seal_member_answer(
        answer, crypto::SignKey::from_seed(books.directory_seed.view()), device->card.roster_key);
    if (!sealed) return sealed.error();
    device->last_request = request.number;
    device->last_answer = *sealed;
    books.changed = true;
    wish.device = enrolled(books, *device);
    wish.refused = answer.refused;
    wish.answer = std::move(*sealed);
    return wish;
}

} // namespace tocsin::directory
