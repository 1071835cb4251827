#include "tests/sim/relay.hpp"

#include "tests/support/plans.hpp"

namespace tocsin::sim {

namespace {

crypto::SignKey fixed_receipt_key()
{
    Digest seed;
    seed.value.fill(0x52);
    return crypto::SignKey::from_seed(seed.view());
}

store::Identity identity_of(const Stock& stock)
{
    store::Identity identity;
    identity.org = stock.org();
    identity.epoch.fill(0xE0);
    identity.admin_invitation = protocol::auth_hash(stock.operator_key().public_key());
    return identity;
}

void rethrow(std::exception_ptr defect)
{
    if (defect) std::rethrow_exception(defect);
}

asio::awaitable<Result<void>> taken_up(service::Pulse& pulse)
{
    co_await pulse.begin();
    co_return Result<void>();
}

// The operator's own device, as it brings the first directory.
struct Deaf final : service::Link {
    void send(service::Frame) override {}
    asio::awaitable<bool> room() override { co_return true; }
    void close(Errc) override {}
};

} // namespace

void Relay::Noted::note(service::Level, std::string_view code,
                        std::initializer_list<service::Field> fields, boost::system::error_code)
{
    const auto found = counts.find(code);
    if (found != counts.end())
        ++found->second;
    else
        counts.emplace(code, 1);
    if (code == "audit.overdue") alarmed = true;
    // The moment at which the relay goes by another directory.
    if (code == "directory.published")
        directory_version = static_cast<std::uint64_t>(fields.begin()->value);
}

Relay::Relay(std::filesystem::path folder, service::test::FakeClock& clock, Witness& witness)
    : folder_(std::move(folder)),
      clock_(clock),
      witness_(witness),
      disk_(std::make_unique<test::FaultVfs>()),
      receipt_key_(fixed_receipt_key())
{
    disk_->keep_in_memory();
}

Relay::~Relay()
{
    if (is_up()) end();
}

void Relay::prepare(const std::filesystem::path& folder, Stock& stock)
{
    store::SqliteOptions options;
    options.path = folder / "relay.db";
    options.reserve_bytes = 0;
    asio::io_context io;
    options.executor = io.get_executor();
    auto store = store::SqliteStore::create(std::move(options), identity_of(stock)).value();
    service::test::FakeClock clock(tocsin::test::t0);
    Noted telemetry;
    const crypto::SignKey key = fixed_receipt_key();
    service::Service service({io.get_executor(), *store, clock, telemetry, key});
    asio::co_spawn(io, service.start(), [](std::exception_ptr defect, Result<void> started) {
        rethrow(defect);
        started.value();
    });
    io.run();
    const auto standing = service.standing(stock.operator_key().public_key()).value();
    const auto peer = service.attach(standing, {}, std::make_shared<Deaf>());
    protocol::DeviceMessage message = protocol::PutDirectory{stock.directory(0).published};
    asio::co_spawn(io, service.handle(peer, std::move(message)),
                   [](std::exception_ptr defect, const protocol::RelayMessage& reply) {
                       rethrow(defect);
                       if (!std::holds_alternative<protocol::Done>(reply))
                           throw std::logic_error("the first directory was refused");
                   });
    io.restart();
    io.run();
    service.detach(peer);
}

bool Relay::start()
{
    io_ = std::make_unique<asio::io_context>(1);
    disk_io_ = std::make_unique<asio::io_context>(1);
    doomed_ = false;
    stalled_ = false;
    steps_left_.reset();
    telemetry_.alarmed = false;
    if (std::exchange(machine_died_, false)) clock_.reboot();
    store::SqliteOptions options;
    options.path = folder_ / "relay.db";
    options.reserve_bytes = 0;
    options.vfs = disk_->name();
    options.executor = disk_io_->get_executor();
    options.on_fatal = [this](Errc) { doomed_ = true; };
    auto opened = store::SqliteStore::open(std::move(options));
    if (!opened) {
        // The power went while it read its disk.
        if (disk_->power_is_cut()) {
            machine_died_ = true;
            disk_->restore(power_seed_.value_or(life_));
        }
        return false;
    }
    ++life_;
    store_ = std::move(*opened);
    watched_ = std::make_unique<WatchedStore>(*store_, witness_);
    service_ = std::make_unique<service::Service>(
        service::Service::Ports{io_->get_executor(), *watched_, clock_, telemetry_, receipt_key_});
    service::Pulse::Options beat;
    beat.interval = std::chrono::seconds(2); // half as often: half the commits
    pulse_ = std::make_unique<service::Pulse>(*watched_, clock_, telemetry_, beat);
    ask(taken_up(*pulse_));
    const Result<void> started = ask(service_->start());
    const auto directory = ask(store_->directory());
    if (!started || !directory) {
        end();
        return false;
    }
    telemetry_.directory_version = *directory ? (**directory).version : 0;
    return true;
}

void Relay::go()
{
    escalator_ = std::make_unique<service::Escalator>(
        *watched_, clock_, telemetry_, service_->room(), service::Escalator::Options{});
    asio::co_spawn(*io_, service_->dispatcher().take_up(), rethrow);
    asio::co_spawn(*io_, escalator_->run(), rethrow);
    asio::co_spawn(*io_, pulse_->run(), rethrow);
    service::Auditor::Options sweep;
    sweep.every = std::chrono::minutes(5);
    auditor_ = std::make_unique<service::Auditor>(*watched_, clock_, telemetry_, sweep);
    asio::co_spawn(*io_, auditor_->run(), rethrow);
}

bool Relay::step()
{
    io_->restart();
    if (io_->poll_one() > 0) return true;
    if (stalled_) return false;
    disk_io_->restart();
    return disk_io_->poll_one() > 0;
}

void Relay::drain()
{
    while (step()) {
    }
}

void Relay::settle()
{
    if (!is_awake()) return;
    if (!steps_left_) {
        drain();
    } else {
        while (*steps_left_ > 0 && step())
            --*steps_left_;
        if (*steps_left_ == 0) return end();
    }
    if (doomed_ || disk_->power_is_cut()) end();
}

// Whoever still waits is let through, over a disk that takes nothing any more: what they do then
// reaches nobody.
void Relay::end()
{
    const bool cut = disk_->power_is_cut();
    paused_ = false;
    stalled_ = false;
    steps_left_.reset();
    machine_died_ = cut;
    if (!cut) disk_->set_writes(test::FaultVfs::Writes::broken);
    ++life_;
    if (escalator_) escalator_->stop();
    if (pulse_) pulse_->stop();
    if (auditor_) auditor_->stop();
    drain();
    auditor_.reset();
    escalator_.reset();
    pulse_.reset();
    service_.reset();
    watched_.reset();
    store_.reset();
    io_.reset();
    disk_io_.reset();
    disk_->set_writes(test::FaultVfs::Writes::allowed);
    disk_->fail_syncs(0);
    if (cut) disk_->restore(power_seed_.value_or(life_));
}

void Relay::kill()
{
    if (is_up()) end();
}

void Relay::cut_power(std::uint64_t seed)
{
    if (!is_up()) return;
    stalled_ = false;
    paused_ = false;
    steps_left_.reset();
    cut_power_after(1, seed);
    // Whatever it writes next is the operation that fails.
    asio::co_spawn(*io_, store_->keep_time(clock_.sample()),
                   [](std::exception_ptr defect, const Result<void>&) { rethrow(defect); });
    settle();
}

void Relay::cut_power_after(std::uint64_t operations, std::uint64_t seed)
{
    power_seed_ = seed;
    disk_->cut_power_at(disk_->events() + operations);
}

} // namespace tocsin::sim
