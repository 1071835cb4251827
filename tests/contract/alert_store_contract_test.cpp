#include "tests/contract/alert_store_contract.hpp"

#include "relay/store/memory/memory_store.hpp"
#include "relay/store/sqlite/sqlite_store.hpp"

#include <filesystem>

#include <stdlib.h>

namespace tocsin::store {
namespace {

class MemoryEngine final : public EngineUnderTest {
public:
    AlertStore& store() override { return store_; }
    bool reopen() override { return false; }

private:
    MemoryStore store_{an_identity()};
};

class SqliteEngine final : public EngineUnderTest {
public:
    SqliteEngine()
    {
        std::string made = testing::TempDir() + "tocsin_contract_XXXXXX";
        folder_ = ::mkdtemp(made.data());
        store_ = *SqliteStore::create(options(), an_identity());
    }
    ~SqliteEngine() override
    {
        store_.reset();
        std::filesystem::remove_all(folder_);
    }
    AlertStore& store() override { return *store_; }
    bool reopen() override
    {
        store_.reset();
        store_ = *SqliteStore::open(options());
        return true;
    }

private:
    SqliteOptions options() const
    {
        SqliteOptions out;
        out.path = folder_ / "relay.db";
        out.reserve_bytes = 0;
        return out;
    }

    std::filesystem::path folder_;
    std::unique_ptr<SqliteStore> store_;
};

template <class Engine>
std::unique_ptr<EngineUnderTest> make()
{
    return std::make_unique<Engine>();
}

INSTANTIATE_TEST_SUITE_P(Memory, AlertStoreContract, testing::Values(&make<MemoryEngine>));
INSTANTIATE_TEST_SUITE_P(Sqlite, AlertStoreContract, testing::Values(&make<SqliteEngine>));

} // namespace
} // namespace tocsin::store
