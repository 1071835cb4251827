#include "relay/store/sqlite/organisation.hpp"

#include "relay/store/sqlite/alerts.hpp"
#include "relay/store/sqlite/sum.hpp"

namespace tocsin::store::sqlite {
namespace {

using EpochId = Id<struct EpochTag, std::tuple_size_v<Epoch>>;

auto hash_of(const Identity& identity)
{
    return row_hash("identity", identity.org, identity.epoch, identity.admin_invitation);
}

auto hash_of(const PublishedDirectory& directory)
{
    return row_hash("directory", number(static_cast<std::int64_t>(directory.version)),
                    directory.bundle, directory.routing);
}

struct Enrolment {
    Digest invitation;
    Bytes request;
    std::optional<Bytes> answer;
};

auto hash_of(const Enrolment& row)
{
    // An answer is never empty, so absent and empty need not differ.
    return row_hash("enrolment", row.invitation, row.request,
                    row.answer ? ByteView(*row.answer) : ByteView{});
}

std::int64_t flags_of(const core::TimeSample& sample)
{
    return (sample.reading.synchronised ? 1 : 0) | (sample.settled ? 2 : 0) |
           (sample.proven ? 4 : 0) | (sample.in_doubt ? 8 : 0);
}

auto hash_of(const core::TimeSample& sample)
{
    return row_hash("time", number(milliseconds(sample.now)), number(milliseconds(sample.certain)),
                    number(milliseconds(sample.reading.wall)), number(sample.reading.boot.count()),
                    sample.reading.boot_id, number(flags_of(sample)));
}

[[noreturn]] void damaged(const char* where) { throw Damaged(Damage{where, std::nullopt}); }

Enrolment read_enrolment(const Run& found)
{
    Enrolment row{found.id<Digest>(0), found.bytes(1), std::nullopt};
    if (!found.is_null(2)) row.answer = found.bytes(2);
    if (!hash_of(row).matches(found.id<RowSum>(3))) damaged("enrolment");
    return row;
}

std::optional<Enrolment> find_enrolment(Connection& connection, const Digest& invitation)
{
    Run found = connection.run("SELECT invitation, request, answer, sum FROM enrolment "
                               "WHERE invitation = ?",
                               invitation);
    if (!found.next()) return std::nullopt;
    return read_enrolment(found);
}

} // namespace

void write_identity(Connection& connection, const Identity& identity)
{
    connection
        .run("INSERT INTO identity (one, org, epoch, admin_invitation, sum) VALUES (1, ?, ?, ?, ?)",
             identity.org, ByteView(identity.epoch), identity.admin_invitation,
             hash_of(identity).sum())
        .done();
}

Result<Identity> load_identity(Connection& connection)
{
    Run found = connection.run("SELECT org, epoch, admin_invitation, sum FROM identity");
    if (!found.next()) damaged("identity");
    Identity out;
    out.org = found.id<OrgId>(0);
    out.epoch = found.id<EpochId>(1).value;
    out.admin_invitation = found.id<Digest>(2);
    if (!hash_of(out).matches(found.id<RowSum>(3))) damaged("identity");
    return out;
}

Result<std::optional<PublishedDirectory>> load_directory(Connection& connection)
{
    Run found = connection.run("SELECT version, bundle, routing, sum FROM directory");
    if (!found.next()) return std::optional<PublishedDirectory>{};
    PublishedDirectory out{static_cast<std::uint64_t>(found.integer(0)), found.bytes(1),
                           found.bytes(2)};
    if (!hash_of(out).matches(found.id<RowSum>(3))) damaged("directory");
    return std::optional<PublishedDirectory>{std::move(out)};
}

Result<void> replace_directory(Connection& connection, const PublishedDirectory& next)
{
    const auto stored = load_directory(connection);
    if (*stored && next.version <= (*stored)->version) return Errc::stale;
    connection
        .run("INSERT OR REPLACE INTO directory (one, version, bundle, routing, sum) "
             "VALUES (1, ?, ?, ?, ?)",
             static_cast<std::int64_t>(next.version), ByteView(next.bundle), ByteView(next.routing),
             hash_of(next).sum())
        .done();
    return {};
}

Result<void> replace_prekeys(Connection& connection, const MailboxId& mailbox,
                             const std::vector<Bytes>& prekeys)
{
    connection.run("DELETE FROM prekey WHERE mailbox = ?", mailbox).done();
    std::int64_t i = 0;
    for (const Bytes& bytes : prekeys) {
        connection
            .run("INSERT INTO prekey (mailbox, i, bytes, sum) VALUES (?, ?, ?, ?)", mailbox, i,
                 ByteView(bytes), row_hash("prekey", mailbox, number(i), bytes).sum())
            .done();
        ++i;
    }
    return {};
}

std::vector<Bytes> load_prekeys(Connection& connection, Quarantine& quarantine)
{
    std::vector<Bytes> out;
    Run found = connection.run("SELECT mailbox, i, bytes, sum FROM prekey ORDER BY mailbox, i");
    while (found.next()) {
        Bytes bytes = found.bytes(2);
        const auto hash =
            row_hash("prekey", found.id<MailboxId>(0), number(found.integer(1)), bytes);
        if (hash.matches(found.id<RowSum>(3)))
            out.push_back(std::move(bytes));
        else
            quarantine.add(Damage{"prekey", std::nullopt});
    }
    return out;
}

Result<void> write_join_request(Connection& connection, const JoinRow& request)
{
    if (const auto known = find_enrolment(connection, request.invitation)) {
        if (known->request != request.box) return Errc::conflict;
        return {};
    }
    const Enrolment row{request.invitation, request.box, std::nullopt};
    connection
        .run("INSERT INTO enrolment (invitation, request, sum) VALUES (?, ?, ?)", row.invitation,
             ByteView(row.request), hash_of(row).sum())
        .done();
    return {};
}

Result<void> write_member_request(Connection& connection, const JoinRow& request)
{
    const auto known = find_enrolment(connection, request.invitation);
    if (known && known->request == request.box) return {};
    const Enrolment row{request.invitation, request.box, std::nullopt};
    connection
        .run("INSERT OR REPLACE INTO enrolment (invitation, request, sum) VALUES (?, ?, ?)",
             row.invitation, ByteView(row.request), hash_of(row).sum())
        .done();
    return {};
}

std::vector<JoinRow> load_join_requests(Connection& connection, Quarantine& quarantine)
{
    std::vector<JoinRow> out;
    Run found = connection.run("SELECT invitation, request, answer, sum FROM enrolment "
                               "WHERE answer IS NULL ORDER BY invitation");
    while (found.next()) {
        try {
            Enrolment row = read_enrolment(found);
            out.push_back({row.invitation, std::move(row.request)});
        } catch (const Damaged& error) {
            quarantine.add(error.damage);
        }
    }
    return out;
}

Result<void> write_join_answer(Connection& connection, const JoinRow& answer)
{
    std::optional<Enrolment> row = find_enrolment(connection, answer.invitation);
    if (!row) return Errc::not_found;
    if (row->answer) {
        if (*row->answer != answer.box) return Errc::conflict;
        return {};
    }
    row->answer = answer.box;
    connection
        .run("UPDATE enrolment SET answer = ?, sum = ? WHERE invitation = ?", ByteView(answer.box),
             hash_of(*row).sum(), row->invitation)
        .done();
    return {};
}

Bytes load_join_answer(Connection& connection, const Digest& invitation)
{
    const std::optional<Enrolment> row = find_enrolment(connection, invitation);
    if (!row || !row->answer) return {};
    return *row->answer;
}

Result<std::optional<core::TimeSample>> load_time(Connection& connection)
{
    Run found = connection.run("SELECT now, certain, wall, boot, boot_id, flags, sum FROM time");
    if (!found.next()) return std::optional<core::TimeSample>{};
    const std::int64_t flags = found.integer(5);
    const core::TimeSample out{.reading = {.wall = time_point(found.integer(2)),
                                           .boot = std::chrono::milliseconds(found.integer(3)),
                                           .boot_id = found.id<core::BootId>(4),
                                           .synchronised = (flags & 1) != 0},
                               .now = time_point(found.integer(0)),
                               .certain = time_point(found.integer(1)),
                               .settled = (flags & 2) != 0,
                               .proven = (flags & 4) != 0,
                               .in_doubt = (flags & 8) != 0};
    if (!hash_of(out).matches(found.id<RowSum>(6))) damaged("time");
    return std::optional<core::TimeSample>{out};
}

Result<void> replace_time(Connection& connection, const core::TimeSample& sample)
{
    connection
        .run("INSERT OR REPLACE INTO time (one, now, certain, wall, boot, boot_id, flags, sum) "
             "VALUES (1, ?, ?, ?, ?, ?, ?, ?)",
             milliseconds(sample.now), milliseconds(sample.certain),
             milliseconds(sample.reading.wall), sample.reading.boot.count(), sample.reading.boot_id,
             flags_of(sample), hash_of(sample).sum())
        .done();
    return {};
}

} // namespace tocsin::store::sqlite
