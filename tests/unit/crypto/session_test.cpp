#include "client-lib/crypto/session.hpp"

#include <gtest/gtest.h>

namespace tocsin::crypto {
namespace {

Bytes channel(std::uint8_t first = 0)
{
    Bytes binding(32);
    for (std::size_t i = 0; i < binding.size(); ++i)
        binding[i] = static_cast<std::uint8_t>(first + i);
    return binding;
}

BoxKey key_of(std::string_view hex) { return BoxKey::from_secret(from_hex(hex).value()); }

struct Session : testing::Test {
    // The two keys of RFC 7748 section 6.1.
    BoxKey device = key_of("77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a");
    BoxKey relay = key_of("5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb");

    Result<SessionProofs> as_device(const Bytes& binding) const
    {
        return session_proofs(device, relay.public_key(), device.public_key(), relay.public_key(),
                              Binding::tls_exporter, binding);
    }
    Result<SessionProofs> as_relay(const Bytes& binding) const
    {
        return session_proofs(relay, device.public_key(), device.public_key(), relay.public_key(),
                              Binding::tls_exporter, binding);
    }
};

} // namespace

TEST_F(Session, BothSidesComputeTheSameProofs)
{
    const SessionProofs mine = as_device(channel()).value();
    const SessionProofs theirs = as_relay(channel()).value();

    EXPECT_TRUE(same(mine.device, theirs.device));
    EXPECT_TRUE(same(mine.relay, theirs.relay));
}

TEST_F(Session, TheTwoProofsDifferSoNoneCanBeSentBack)
{
    const SessionProofs proofs = as_device(channel()).value();

    EXPECT_FALSE(same(proofs.device, proofs.relay));
}

TEST_F(Session, ProofsAreThoseAnIndependentProgramComputed)
{
    const SessionProofs proofs = as_device(channel()).value();

    EXPECT_EQ(to_hex(proofs.device),
              "ddc6bee79a95eb29bb3d124c0917bcd80a12335790a30ef89574fff3aca9ce82");
    EXPECT_EQ(to_hex(proofs.relay),
              "2625f1fac56678324cdd110f645588102a08dc0365468e989bc5b5d5b5a9b071");
}

TEST_F(Session, AProofIsWorthNothingOnAnotherConnection)
{
    const SessionProofs here = as_device(channel(0)).value();
    const SessionProofs elsewhere = as_device(channel(1)).value();

    EXPECT_FALSE(same(here.device, elsewhere.device));
    EXPECT_FALSE(same(here.relay, elsewhere.relay));
}

TEST_F(Session, AnotherDeviceOrRelayHasOtherProofs)
{
    const SessionProofs proofs = as_device(channel()).value();
    const BoxKey other = BoxKey::generate();

    const SessionProofs other_device =
        session_proofs(other, relay.public_key(), other.public_key(), relay.public_key(),
                       Binding::tls_exporter, channel())
            .value();
    const SessionProofs other_relay =
        session_proofs(device, other.public_key(), device.public_key(), other.public_key(),
                       Binding::tls_exporter, channel())
            .value();

    EXPECT_FALSE(same(proofs.device, other_device.device));
    EXPECT_FALSE(same(proofs.relay, other_device.relay));
    EXPECT_FALSE(same(proofs.device, other_relay.device));
    EXPECT_FALSE(same(proofs.relay, other_relay.relay));
}

TEST_F(Session, ChangingRolesChangesTheProofs)
{
    const SessionProofs proofs = as_device(channel()).value();
    const SessionProofs changed =
        session_proofs(device, relay.public_key(), relay.public_key(), device.public_key(),
                       Binding::tls_exporter, channel())
            .value();

    EXPECT_FALSE(same(proofs.device, changed.device));
    EXPECT_FALSE(same(proofs.relay, changed.relay));
    EXPECT_FALSE(same(proofs.device, changed.relay));
}

TEST_F(Session, KeysThatAreNotThoseOfTheTwoSidesAreRefused)
{
    const BoxKey other = BoxKey::generate();

    EXPECT_EQ(session_proofs(other, relay.public_key(), device.public_key(), relay.public_key(),
                             Binding::tls_exporter, channel())
                  .error(),
              Errc::invalid_argument);
    EXPECT_EQ(session_proofs(device, other.public_key(), device.public_key(), relay.public_key(),
                             Binding::tls_exporter, channel())
                  .error(),
              Errc::invalid_argument);
}

TEST_F(Session, AKeyThatAdmitsNoSecretIsNobody)
{
    const BoxPublicKey zero;

    EXPECT_EQ(
        session_proofs(relay, zero, zero, relay.public_key(), Binding::tls_exporter, channel())
            .error(),
        Errc::unauthenticated);
}

TEST_F(Session, UnknownBindingsAndWrongLengthsAreRefused)
{
    EXPECT_EQ(as_device(Bytes(31)).error(), Errc::invalid_argument);
    EXPECT_EQ(as_device(Bytes()).error(), Errc::invalid_argument);
    EXPECT_EQ(session_proofs(device, relay.public_key(), device.public_key(), relay.public_key(),
                             Binding{2}, channel())
                  .error(),
              Errc::unsupported_version);
}

} // namespace tocsin::crypto
