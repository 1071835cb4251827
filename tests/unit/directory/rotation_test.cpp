#include "tests/unit/directory/joiner.hpp"

#include <gtest/gtest.h>

namespace tocsin::test {
namespace {

struct KeyRotation : ::testing::Test {
    Organisation organisation = new_organisation();
    Bytes root = organisation.root_state().value();
    protocol::Trust trust = trust_of(organisation);
    Joiner neema;

    void SetUp() override
    {
        trust =
            protocol::verify_publication(organisation.publish(small_file(), t0).value(), trust, t0)
                ->directory.trust;
        join(organisation, neema, InviteAs::defender, "Neema");
    }
};

TEST_F(KeyRotation, ANewDirectoryKeyIsFollowedAndRenewsEveryonesPapers)
{
    ASSERT_TRUE(organisation.rotate_directory_key(root, t0));
    const auto seen = see(organisation.publish(t0).value(), trust, neema, t0);
    ASSERT_TRUE(seen);
    EXPECT_EQ(trust.directory_key_number, 2u);
    ASSERT_TRUE(seen->certificate);
    const auto papers = protocol::verify_certificate(*seen->certificate,
                                                     seen->publication.directory.directory_key, t0);
    ASSERT_TRUE(papers);
    EXPECT_EQ(papers->pseudonym, "Neema");
    EXPECT_EQ(papers->device_key, neema.sign.public_key());
}

TEST_F(KeyRotation, AnExpiredDirectoryKeyPublishesNothingUntilItIsRotated)
{
    const TimePoint later = t0 + 365 * 24h;
    EXPECT_EQ(code(organisation.publish(later)), Errc::expired);
    ASSERT_TRUE(organisation.rotate_directory_key(root, later));
    EXPECT_TRUE(organisation.publish(later));
}

TEST_F(KeyRotation, PapersAreRenewedByAPublicationInTheirSecondHalf)
{
    ASSERT_TRUE(organisation.confirm(1));
    auto seen = see(organisation.publish(t0 + 180 * 24h).value(), trust, neema, t0 + 180 * 24h);
    ASSERT_TRUE(seen);
    EXPECT_FALSE(seen->certificate);
    seen = see(organisation.publish(t0 + 190 * 24h).value(), trust, neema, t0 + 190 * 24h);
    ASSERT_TRUE(seen);
    ASSERT_TRUE(seen->certificate);
    const auto papers = protocol::decode_certificate(seen->certificate->bytes);
    EXPECT_EQ(papers->expires_at, t0 + (190 + 365) * 24h);
}

TEST_F(KeyRotation, ANewRootIsFollowedOnceAndTwice)
{
    const Bytes second = organisation.rotate_root(root).value();
    ASSERT_TRUE(see(organisation.publish(t0).value(), trust, neema, t0));
    EXPECT_EQ(trust.rotations, 1u);
    EXPECT_EQ(trust.root, organisation.root());
    ASSERT_TRUE(organisation.rotate_root(second));
    ASSERT_TRUE(see(organisation.publish(t0).value(), trust, neema, t0));
    EXPECT_EQ(trust.rotations, 2u);
    EXPECT_EQ(trust.root, organisation.root());
}

TEST_F(KeyRotation, AReplacedRootIsWorthNothing)
{
    const Bytes second = organisation.rotate_root(root).value();
    EXPECT_EQ(code(organisation.rotate_root(root)), Errc::stale);
    EXPECT_EQ(code(organisation.rotate_directory_key(root, t0)), Errc::stale);
    EXPECT_TRUE(organisation.rotate_directory_key(second, t0));
    EXPECT_EQ(code(organisation.root_state()), Errc::not_found);
}

TEST_F(KeyRotation, AnotherOrganisationsRootOrADamagedOneChangesNothing)
{
    const Bytes before = organisation.state();
    Organisation twin = new_organisation(); // the same id, another key
    EXPECT_EQ(code(organisation.rotate_root(twin.root_state().value())), Errc::not_authorised);
    EXPECT_EQ(code(organisation.rotate_directory_key(Bytes{1, 2, 3}, t0)), Errc::damaged);
    EXPECT_EQ(organisation.state(), before);
}

} // namespace
} // namespace tocsin::test
