#include "client-lib/client/alert_book.hpp"

#include <algorithm>

namespace tocsin::client {

namespace {

std::string alert_file(const AlertId& id)
{
    return std::string(file::alert_prefix) + to_hex(id.view());
}
std::string ended_file(const AlertId& id)
{
    return std::string(file::ended_prefix) + to_hex(id.view());
}

std::optional<AlertId> id_of(std::string_view name)
{
    const std::optional<Bytes> bytes = from_hex(name.substr(file::alert_prefix.size()));
    return bytes ? AlertId::from(*bytes) : std::nullopt;
}

// A file under another alert's name would be refused by its seal; this is for what we wrote wrong.
Result<AlertRecord> load_as(const KeyStore& store, Compartment compartment, const std::string& name,
                            const AlertId& id)
{
    Result<AlertRecord> record = store.load<AlertRecord>(compartment, name);
    if (record && record->id != id) return Errc::damaged;
    return record;
}

// What happened since it was put away is in the stub.
Result<AlertRecord> whole(const KeyStore& store, const AlertRecord& stub)
{
    Result<AlertRecord> record = load_as(store, Compartment::vault, ended_file(stub.id), stub.id);
    if (!record) return record;
    record->attempted = stub.attempted;
    record->cancelled = stub.cancelled;
    record->ended = stub.ended;
    record->pending = stub.pending;
    if (stub.receipt) record->receipt = stub.receipt;
    return record;
}

} // namespace

Result<AlertRecord> load_alert(const KeyStore& store, const AlertId& id)
{
    Result<AlertRecord> mine = load_as(store, Compartment::kit, alert_file(id), id);
    if (mine && mine->stub && store.unlocked()) return whole(store, *mine);
    if (mine || mine.error() != Errc::not_found) return mine;
    if (!store.has(Compartment::vault, alert_file(id))) return Errc::not_found;
    return load_as(store, Compartment::vault, alert_file(id), id);
}

Result<std::vector<AlertId>> alert_ids(const KeyStore& store)
{
    std::vector<AlertId> ids;
    for (const Compartment each : {Compartment::kit, Compartment::vault}) {
        if (each == Compartment::vault && !store.unlocked()) continue;
        const Result<std::vector<std::string>> names = store.list(each, file::alert_prefix);
        if (!names) return names.error();
        for (const std::string& name : *names)
            if (const std::optional<AlertId> id = id_of(name)) ids.push_back(*id);
    }
    std::ranges::sort(ids);
    ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
    return ids;
}

Result<AlertList> load_alerts(const KeyStore& store)
{
    const Result<std::vector<AlertId>> ids = alert_ids(store);
    if (!ids) return ids.error();
    AlertList list;
    for (const AlertId& id : *ids) {
        Result<AlertRecord> record = load_alert(store, id);
        if (record)
            list.alerts.push_back(std::move(*record));
        else if (record.error() == Errc::damaged)
            list.damaged.push_back(id);
        else if (record.error() != Errc::not_found) // removed by another process meanwhile
            return record.error();
    }
    return list;
}

Result<void> add_alert(KeyStore& store, const AlertRecord& alert)
{
    const auto changing = store.change();
    if (!changing) return changing.error();
    const Compartment where = alert.mine ? Compartment::kit : Compartment::vault;
    return store.keep(where, alert_file(alert.id), alert);
}

Result<void> change_alert(KeyStore& store, const AlertId& id, const Change& change)
{
    const auto changing = store.change();
    if (!changing) return changing.error();
    const std::string name = alert_file(id);
    const Compartment where =
        store.has(Compartment::kit, name) ? Compartment::kit : Compartment::vault;
    Result<AlertRecord> record = load_as(store, where, name, id);
    if (!record) return record.error();
    const Result<void> changed = change(*record);
    if (!changed) return changed;
    return store.keep(where, name, *record);
}

Result<void> change_ended(KeyStore& store, const AlertId& id, const Change& change)
{
    const auto changing = store.change();
    if (!changing) return changing.error();
    Result<AlertRecord> record = load_as(store, Compartment::vault, ended_file(id), id);
    if (!record) return record.error();
    const Result<void> changed = change(*record);
    if (!changed) return changed;
    return store.keep(Compartment::vault, ended_file(id), *record);
}

Result<void> put_away(KeyStore& store, AlertRecord& alert)
{
    if (alert.stub) return {};
    Writer writer;
    pack(writer, alert);
    const Result<void> kept = store.write_to_vault(ended_file(alert.id), writer.view());
    if (!kept) return kept;

    AlertRecord stub;
    stub.id = alert.id;
    stub.mine = true;
    stub.stub = true;
    stub.sent_at = alert.sent_at;
    stub.taken_at = alert.taken_at;
    stub.attempted = alert.attempted;
    stub.receipt = alert.receipt;
    stub.warnings = alert.warnings;
    stub.cancelled = alert.cancelled;
    stub.ended = alert.ended;
    stub.pending = std::move(alert.pending);
    // Its keys are gone from here: the bytes open for the recipients alone. A cancel counts only
    // where the alert is, so an unconfirmed alert still goes first.
    if (!alert.receipt && !stub.pending.empty()) stub.envelope = std::move(alert.envelope);
    alert = std::move(stub);
    return {};
}

Result<void> remove_alert(KeyStore& store, const AlertId& id)
{
    const auto changing = store.change();
    if (!changing) return changing.error();
    const Result<void> removed = store.remove(Compartment::kit, alert_file(id));
    if (!removed) return removed;
    return store.remove(Compartment::vault, ended_file(id));
}

} // namespace tocsin::client
