#include "relay/store/sqlite/reader.hpp"

namespace tocsin::store::sqlite {

Reader::Reader(std::unique_ptr<Connection> connection, Quarantine& quarantine,
               std::optional<asio::any_io_executor> executor)
    : connection_(std::move(connection)),
      quarantine_(quarantine),
      runner_({.group_tasks_max = 16, .group_bytes_max = 16, .shared = std::move(executor)}, [this](TaskRunner::Tasks taken) {
          for (const auto& task : taken)
              serve(*task);
          connection_->roll_back();
          complete_all(std::move(taken));
      })
{
}

Reader::~Reader()
{
    runner_.stop();
    if (abandoned_) connection_->abandon();
}

// Those who wait together read in one transaction: to begin one costs as much as to find a row.
void Reader::serve(Task& task)
{
    try {
        if (!connection_->is_in_transaction()) connection_->execute("BEGIN");
        task.run(*connection_, Room::for_everything);
    } catch (const Damaged& error) {
        quarantine_.add(error.damage);
        task.fail(Errc::quarantined);
    } catch (const SqlError& error) {
        if (is_corrupt(error)) {
            quarantine_.add(Damage{"page", task.traits.alert});
            task.fail(Errc::quarantined);
        } else {
            task.fail(Errc::storage_failed);
        }
    } catch (const std::exception&) {
        task.fail(Errc::storage_failed);
    }
}

} // namespace tocsin::store::sqlite
