#include "tests/unit/client/world.hpp"

#include "client-lib/crypto/random.hpp"
#include "client-lib/net/tls.hpp"
#include "client-lib/protocol/invitation.hpp"

#include <algorithm>
#include <cstdlib>

namespace tocsin::test {

namespace {

constexpr std::string_view directory_toml = R"(
organisation = "Great Lakes Protection Network"
[[contact]]
id = "circle"
name = "Goma solidarity circle"
kind = "peer"
country = "CD"
[[contact]]
id = "desk"
name = "Protection desk Kampala"
kind = "protection_desk"
[[policy]]
id = "anything"
term = "30m"
repage = "60s"
desk_delay = "60s"
last_resort_every = "15m"
[[policy.step]]
targets = ["circle"]
delay = "2m"
[[policy.step]]
targets = ["desk"]
delay = "5m"
)";

TimePoint wall()
{
    return std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now());
}

void hold(RelayState& state, ByteView published)
{
    const protocol::Published parts = protocol::decode_published(published).value();
    state.bundle = parts.bundle;
    state.routing = protocol::decode_routing(parts.routing).value();
}

// The operator, the admin and three people who join, each once.
class Casting {
public:
    Casting() : relay_(io_, RelayState{}, certificates(cast_.folder)) {}

    Cast make()
    {
        protocol::Invitation first;
        first.org = crypto::random_id<OrgId>();
        first.relay_sign_key = relay_.state.receipt_key.public_key();
        first.relay_box_key = relay_.state.box_key.public_key();
        first.addresses = {relay_.address()};
        first.secret = Bytes(32, 0x5A);
        first.role = protocol::Role::admin;
        first.expires_at = std::chrono::floor<std::chrono::seconds>(wall() + 24h);
        first.org_name = "Great Lakes Protection Network";
        first.for_whom = "admin";
        cast_.organisation.emplace(
            Organisation::create(protocol::encode_code(first), "Great Lakes", wall()).value());
        cast_.file = DirectoryFile::parse(std::string(directory_toml), "directory.toml");
        for (const DirectoryRemark& remark : cast_.file.remarks())
            if (remark.weight == DirectoryRemark::Weight::mistake)
                ADD_FAILURE() << remark.to_string();
        publish();
        relay_.admit = [this](const Digest& invitation, const Bytes& box) {
            Bytes answer = cast_.organisation->admit(invitation, box, wall()).value();
            publish();
            return answer;
        };
        join("circle", InviteAs::contact, "circle");
        join("desk", InviteAs::contact, "desk");
        cast_.first_bundle = relay_.state.bundle;
        join("defender", InviteAs::defender, "Umoja 7");
        cast_.relay = relay_.state.clone();
        return std::move(cast_);
    }

private:
    static const std::filesystem::path& certificates(const Folder& folder)
    {
        (void)net::make_self_signed(folder.path() / "cert", folder.path() / "key", "relay.example",
                                    30);
        return folder.path();
    }
    void publish()
    {
        const Bytes published = cast_.organisation->publish(cast_.file, wall()).value();
        hold(relay_.state, published);
        (void)cast_.organisation->confirm(cast_.organisation->version());
    }
    void join(const char* name, InviteAs as, const char* who)
    {
        const Invited invited = cast_.organisation->invite(as, who, 1h, wall()).value();
        publish();
        Device device = Device::create(cast_.folder.path() / name, passphrase).value();
        Client client(io_.get_executor(), device);
        std::optional<Result<void>> joined;
        asio::co_spawn(io_, client.join(invited.code, 20s),
                       [&](std::exception_ptr, Result<void> result) { joined = result; });
        while (!joined)
            io_.run_one();
        if (!*joined) ADD_FAILURE() << name << ": " << joined->error().message();
    }

    asio::io_context io_{1};
    Cast cast_{.folder = {},
               .relay = {},
               .organisation = {},
               .file = DirectoryFile::parse("", "none"),
               .first_bundle = {}};
    ScriptedRelay relay_;
};

} // namespace

Folder::Folder()
{
    std::string pattern =
        (std::filesystem::temp_directory_path() / "tocsin-client-XXXXXX").string();
    if (::mkdtemp(pattern.data()) == nullptr) std::abort();
    path_ = pattern;
}

Folder::~Folder()
{
    if (path_.empty()) return;
    std::error_code ec;
    std::filesystem::remove_all(path_, ec);
}

const Cast& Cast::get()
{
    static const Cast cast = Casting().make();
    return cast;
}

Party::Party(asio::io_context& io, const std::filesystem::path& from, const std::string& address,
             ClientOptions options)
    : home(from),
      device(Device::open(home).value())
{
    EXPECT_TRUE(device.unlock(passphrase));
    options.addresses = {address};
    options.retry_min = 20ms;
    options.retry_max = 50ms;
    client = std::make_unique<Client>(io.get_executor(), device, options);
}

World::World()
{
    const Cast& cast = Cast::get();
    for (const char* name : {"defender", "circle", "desk"})
        std::filesystem::copy(cast.folder.path() / name, folder.path() / name,
                              std::filesystem::copy_options::recursive);
    relay = std::make_unique<ScriptedRelay>(io, cast.relay.clone(), cast.folder.path());
}

World::~World()
{
    defender_.reset();
    circle_.reset();
    desk_.reset();
    relay.reset();
    io.restart();
    io.poll(); // coroutines see that it is over
}

bool World::until(const std::function<bool()>& condition)
{
    const auto give_up = std::chrono::steady_clock::now() + 30s;
    while (!condition()) {
        if (std::chrono::steady_clock::now() >= give_up) {
            ADD_FAILURE() << "it never came";
            return false;
        }
        if (io.stopped()) io.restart();
        io.run_one_for(100ms);
    }
    return true;
}

Party& World::party(std::optional<Party>& slot, const char* name)
{
    if (!slot) slot.emplace(io, folder.path() / name, relay->address());
    return *slot;
}
Party& World::defender() { return party(defender_, "defender"); }
Party& World::circle() { return party(circle_, "circle"); }
Party& World::desk() { return party(desk_, "desk"); }

AlertContent World::an_arrest()
{
    AlertContent content;
    content.category = Category::arrest;
    content.text = "Neema was taken at the market";
    return content;
}

AlertId World::raised(const AlertContent& content)
{
    const AlertId id = defender().device.save(content).value();
    const Result<ReceiptFacts> receipt = run(defender().client->submit(id));
    EXPECT_TRUE(receipt) << receipt.error().message();
    return id;
}

AlertId World::received()
{
    const AlertId id = raised();
    circle().client->start();
    EXPECT_TRUE(run(circle().client->connected(20s)));
    relay->deliver(id, 0);
    until([&] { return relay->count<protocol::Opened>() > 0; });
    return id;
}

AlertStatus World::status(Party& party, const AlertId& id)
{
    Result<AlertStatus> status = party.device.status(id);
    EXPECT_TRUE(status) << status.error().message();
    return status ? *status : AlertStatus{};
}

bool World::warned(const AlertStatus& status, Warning warning)
{
    return std::ranges::find(status.warnings, warning) != status.warnings.end();
}

protocol::Answer World::accepted(const AlertId& id)
{
    AnswerDraft draft;
    draft.verb = Verb::accept;
    draft.note.name = "Amina";
    draft.note.text = "I call the station now";
    EXPECT_TRUE(run(circle().client->answer(id, draft)));
    return relay->last<protocol::Answer>().value();
}

} // namespace tocsin::test
