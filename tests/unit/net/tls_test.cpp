#include "client-lib/net/tls.hpp"
#include "loopback.hpp"

#include <fstream>

namespace tocsin::net::test {
namespace {

class Certificates : public testing::Test {
protected:
    ~Certificates() override { std::filesystem::remove_all(folder); }
    std::filesystem::path folder = fresh_folder();
};

TEST_F(Certificates, TheKeyMadeIsReadableByItsOwnerOnly)
{
    ASSERT_TRUE(make_self_signed(folder / "cert", folder / "key", "relay.example", 30));

    EXPECT_EQ(std::filesystem::status(folder / "key").permissions(),
              std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
    EXPECT_TRUE(TlsContext::server(folder / "cert", folder / "key"));
}

TEST_F(Certificates, AKeyThatExistsIsNeverOverwritten)
{
    std::ofstream(folder / "key") << "precious";

    EXPECT_EQ(make_self_signed(folder / "cert", folder / "key", "relay.example", 30).error(),
              Errc::already_exists);

    std::string kept;
    std::ifstream(folder / "key") >> kept;
    EXPECT_EQ(kept, "precious");
    EXPECT_FALSE(std::filesystem::exists(folder / "cert"));
}

TEST_F(Certificates, NoKeyIsLeftBehindWithoutItsCertificate)
{
    EXPECT_EQ(make_self_signed(folder / "none" / "cert", folder / "key", "a.example", 30).error(),
              Errc::io_failed);
    EXPECT_FALSE(std::filesystem::exists(folder / "key"));
}

TEST_F(Certificates, ANameThatWouldAddEntriesToTheCertificateIsRefused)
{
    EXPECT_EQ(make_self_signed(folder / "cert", folder / "key", "a.example,DNS:b", 30).error(),
              Errc::invalid_argument);
}

TEST_F(Certificates, MissingForeignAndDamagedFilesAreToldApart)
{
    ASSERT_TRUE(make_self_signed(folder / "cert", folder / "key", "a.example", 30));
    ASSERT_TRUE(make_self_signed(folder / "cert2", folder / "key2", "a.example", 30));
    std::ofstream(folder / "torn") << "-----BEGIN CERTIFICATE-----\nMIIB";

    EXPECT_EQ(TlsContext::server(folder / "none", folder / "key").error(), Errc::io_failed);
    EXPECT_EQ(TlsContext::server(folder / "cert", folder / "key2").error(), Errc::damaged);
    EXPECT_EQ(TlsContext::server(folder / "torn", folder / "key").error(), Errc::damaged);
}

class Tls : public Loopback {
protected:
    // What the relay makes of a peer that ends up with this in its handshake.
    boost::system::error_code refusal_of(const RawTlsOptions& options)
    {
        boost::system::error_code told;
        bool shaken = true;
        std::thread peer([&] { shaken = RawPeer(port()).handshake(options); });
        spawn(read_one(&told));
        run();
        peer.join();
        EXPECT_FALSE(shaken);
        return told;
    }

    asio::awaitable<void> read_one(boost::system::error_code* told)
    {
        auto connection = co_await accept_one();
        auto request = co_await connection.read_request(5s);
        if (!request) *told = request.error();
    }
};

TEST_F(Tls, OlderVersionsAreRefused)
{
    EXPECT_EQ(refusal_of({.version = TLS1_2_VERSION, .groups = "X25519", .alpn = {}}),
              Errc::malformed_frame);
}

TEST_F(Tls, AClientWithoutAnX25519ShareIsRefusedAndNotAskedAgain)
{
    EXPECT_EQ(refusal_of({.version = TLS1_3_VERSION, .groups = "P-256", .alpn = {}}),
              Errc::malformed_frame);
    // It would support X25519, but sends a share for P-256 only.
    EXPECT_EQ(refusal_of({.version = TLS1_3_VERSION, .groups = "P-256:X25519", .alpn = {}}),
              Errc::malformed_frame);
}

TEST_F(Tls, AClientThatWantsAnotherProtocolIsRefused)
{
    EXPECT_EQ(refusal_of({.version = TLS1_3_VERSION, .groups = "X25519", .alpn = "\2h2"}),
              Errc::malformed_frame);
}

} // namespace
} // namespace tocsin::net::test
