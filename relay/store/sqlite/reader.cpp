#include "relay/store/sqlite/reader.hpp"

#include <sqlite3.h>

namespace tocsin::store::sqlite {

Reader::Reader(std::unique_ptr<Connection> connection, Quarantine& quarantine)
    : connection_(std::move(connection)),
      quarantine_(quarantine),
      thread_([this] { loop(); })
{
}

Reader::~Reader()
{
    queue_.close();
    thread_.join();
    if (abandoned_) connection_->abandon();
}

void Reader::loop()
{
    while (true) {
        const auto taken = queue_.take(1, 1);
        if (taken.empty()) return;
        serve(*taken.front());
        taken.front()->complete();
    }
}

void Reader::serve(Task& task)
{
    try {
        connection_->execute("BEGIN");
        task.run(*connection_, Room::for_everything);
    } catch (const Damaged& error) {
        quarantine_.add(error.damage);
        task.fail(Errc::quarantined);
    } catch (const SqlError& error) {
        const int code = error.code & 0xff;
        if (code == SQLITE_CORRUPT || code == SQLITE_NOTADB) {
            quarantine_.add(Damage{"page", task.traits.alert});
            task.fail(Errc::quarantined);
        } else {
            task.fail(Errc::storage_failed);
        }
    } catch (const std::exception&) {
        task.fail(Errc::storage_failed);
    }
    connection_->roll_back();
}

} // namespace tocsin::store::sqlite
