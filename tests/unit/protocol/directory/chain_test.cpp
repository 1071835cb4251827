// Root -> rotations -> directory key -> manifest -> roster and routing view: every link broken in
// turn.
#include "tests/unit/protocol/directory/chain.hpp"

#include <gtest/gtest.h>

namespace tocsin::protocol::test {
namespace {

Errc code(const auto& result)
{
    return result ? Errc{} : static_cast<Errc>(result.error().value());
}

TEST(Chain, AWholeBundleYieldsWhatToTrustFromNowOn)
{
    const Chain chain;
    const auto verified = verify_bundle(chain.bytes(), Chain::first(), t0);
    ASSERT_TRUE(verified);
    EXPECT_EQ(verified->trust.version, 1u);
    EXPECT_EQ(verified->trust.directory_key_number, 1u);
    EXPECT_EQ(verified->trust.manifest_hash, manifest_hash(chain.bundle().manifest.bytes));
    EXPECT_EQ(verified->directory_key, chain.key.key);
    EXPECT_EQ(verified->sealed_roster, chain.roster);
    EXPECT_FALSE(verified->expired);
}

// Not one byte of a signed part, nor of a signature, can change unseen.
TEST(Chain, EveryByteOfEveryPartCounts)
{
    Chain chain;
    chain.roots = {10, 11, 12};
    const DirectoryBundle whole = chain.bundle();
    ASSERT_TRUE(verify_bundle(encode(whole), Chain::first(), t0));
    const auto refused = [](const DirectoryBundle& bundle) {
        return !verify_bundle(encode(bundle), Chain::first(), t0);
    };
    const auto spoil = [&](auto part) {
        const std::size_t size = part(whole).size();
        for (std::size_t i = 0; i < size; ++i) {
            DirectoryBundle bundle = whole;
            auto& bytes = const_cast<std::uint8_t&>(part(bundle)[i]);
            bytes ^= 1;
            EXPECT_TRUE(refused(bundle)) << "byte " << i;
        }
    };
    for (const std::size_t r : {0u, 1u}) {
        spoil([r](const DirectoryBundle& b) { return ByteView(b.rotations[r].rotation); });
        spoil([r](const DirectoryBundle& b) { return b.rotations[r].by_old.view(); });
        spoil([r](const DirectoryBundle& b) { return b.rotations[r].by_new.view(); });
    }
    spoil([](const DirectoryBundle& b) { return ByteView(b.directory_key.bytes); });
    spoil([](const DirectoryBundle& b) { return b.directory_key.signature.view(); });
    spoil([](const DirectoryBundle& b) { return ByteView(b.manifest.bytes); });
    spoil([](const DirectoryBundle& b) { return b.manifest.signature.view(); });
    spoil([](const DirectoryBundle& b) { return ByteView(b.roster); });
}

TEST(Chain, ASignatureMadeForAnotherPurposeIsRefused)
{
    const std::vector<std::string_view> all{label::rotation,    label::directory_key,
                                            label::manifest,    label::certificate,
                                            label::device_list, label::prekey};
    for (const std::string_view wrong : all) {
        Chain chain;
        chain.roots = {10, 11};
        if (wrong != label::rotation) {
            Chain c = chain;
            c.labels.rotation = wrong;
            EXPECT_EQ(code(verify_bundle(c.bytes(), Chain::first(), t0)), Errc::invalid_signature);
        }
        if (wrong != label::directory_key) {
            Chain c = chain;
            c.labels.directory_key = wrong;
            EXPECT_EQ(code(verify_bundle(c.bytes(), Chain::first(), t0)), Errc::invalid_signature);
        }
        if (wrong != label::manifest) {
            Chain c = chain;
            c.labels.manifest = wrong;
            EXPECT_EQ(code(verify_bundle(c.bytes(), Chain::first(), t0)), Errc::invalid_signature);
        }
    }
}

TEST(Chain, AnotherOrganisationIsRefusedAtEveryLink)
{
    Chain key;
    key.key.org = other_org;
    EXPECT_EQ(code(verify_bundle(key.bytes(), Chain::first(), t0)), Errc::not_authorised);
    Chain manifest;
    manifest.manifest.org = other_org;
    EXPECT_EQ(code(verify_bundle(manifest.bytes(), Chain::first(), t0)), Errc::not_authorised);
    Chain routing;
    routing.routing.org = other_org;
    EXPECT_EQ(code(verify_publication(routing.published(), Chain::first(), t0)),
              Errc::malformed_frame);
    Chain rotated;
    rotated.roots = {10, 11};
    Trust trust = Chain::first();
    trust.org = other_org;
    EXPECT_EQ(code(verify_bundle(rotated.bytes(), trust, t0)), Errc::not_authorised);
}

TEST(Chain, AnotherRootOrDirectoryKeyIsRefused)
{
    Chain root;
    root.roots = {11};
    EXPECT_EQ(code(verify_bundle(root.bytes(), Chain::first(), t0)), Errc::invalid_signature);
    Chain key;
    key.directory_seed = 51; // signs the manifest, but the root vouches for 50
    EXPECT_EQ(code(verify_bundle(key.bytes(), Chain::first(), t0)), Errc::invalid_signature);
}

// ---- rotations ----

TEST(Rotation, OnceAndTwiceIsFollowed)
{
    Chain chain;
    for (const std::uint8_t seed : {std::uint8_t{11}, std::uint8_t{12}}) {
        chain.roots.push_back(seed);
        const auto verified = verify_bundle(chain.bytes(), Chain::first(), t0);
        ASSERT_TRUE(verified);
        EXPECT_EQ(verified->trust.root, sign_key(seed).public_key());
        EXPECT_EQ(verified->trust.rotations, chain.roots.size() - 1);
    }
    // And from the middle on, as who joined then has pinned it.
    Trust trust = Chain::first();
    trust.root = sign_key(11).public_key();
    trust.rotations = 1;
    EXPECT_TRUE(verify_bundle(chain.bytes(), trust, t0));
}

TEST(Rotation, AMissingLinkIsRefused)
{
    Chain chain;
    chain.roots = {10, 11, 12};
    DirectoryBundle gap = chain.bundle();
    gap.rotations.erase(gap.rotations.begin());
    EXPECT_EQ(code(verify_bundle(encode(gap), Chain::first(), t0)), Errc::invalid_signature);
    DirectoryBundle end = chain.bundle();
    end.rotations.pop_back();
    EXPECT_EQ(code(verify_bundle(encode(end), Chain::first(), t0)), Errc::invalid_signature);
    DirectoryBundle swapped = chain.bundle();
    std::swap(swapped.rotations[0], swapped.rotations[1]);
    EXPECT_EQ(code(verify_bundle(encode(swapped), Chain::first(), t0)), Errc::invalid_signature);
}

TEST(Rotation, NeedsTheOldRootAndTheNew)
{
    Chain chain;
    chain.roots = {10, 11};
    for (const bool old : {true, false}) {
        DirectoryBundle b = chain.bundle();
        SignedRootRotation& r = b.rotations[0];
        (old ? r.by_old : r.by_new) = old ? r.by_new : r.by_old;
        EXPECT_EQ(code(verify_bundle(encode(b), Chain::first(), t0)), Errc::invalid_signature);
    }
}

TEST(Rotation, NumbersAreConsecutive)
{
    for (const std::uint32_t number : {0u, 2u}) {
        Chain chain;
        chain.roots = {10, 11};
        DirectoryBundle b = chain.bundle();
        SignedRootRotation& r = b.rotations[0];
        r.rotation =
            encode(RootRotation{org, sign_key(10).public_key(), sign_key(11).public_key(), number});
        r.by_old = crypto::sign(sign_key(10), label::rotation, {r.rotation});
        r.by_new = crypto::sign(sign_key(11), label::rotation, {r.rotation});
        EXPECT_EQ(code(verify_bundle(encode(b), Chain::first(), t0)), Errc::invalid_signature);
    }
}

TEST(Rotation, AStrangersOwnRotationDoesNotContinueTheChain)
{
    Chain chain;
    chain.roots = {10, 11};
    DirectoryBundle b = chain.bundle();
    SignedRootRotation stranger;
    stranger.rotation =
        encode(RootRotation{org, sign_key(60).public_key(), sign_key(61).public_key(), 2});
    stranger.by_old = crypto::sign(sign_key(60), label::rotation, {stranger.rotation});
    stranger.by_new = crypto::sign(sign_key(61), label::rotation, {stranger.rotation});
    b.rotations.push_back(stranger);
    b.directory_key = sign_part(sign_key(61), label::directory_key, encode(chain.key));
    EXPECT_EQ(code(verify_bundle(encode(b), Chain::first(), t0)), Errc::invalid_signature);
}

TEST(Rotation, AReplacedRootNeverComesBack)
{
    Chain rotated;
    rotated.roots = {10, 11};
    const Trust trust = verify_bundle(rotated.bytes(), Chain::first(), t0)->trust;
    EXPECT_EQ(code(verify_bundle(Chain{}.bytes(), trust, t0)), Errc::rollback);
    Chain forked; // the stolen old root names another heir
    forked.roots = {10, 13};
    EXPECT_EQ(code(verify_bundle(forked.bytes(), trust, t0)), Errc::invalid_signature);
}

TEST(Rotation, AnInvitationOfAnyTimeFindsItsPlaceInTheChain)
{
    Chain chain;
    chain.roots = {10, 11, 12};
    for (std::uint32_t i = 0; i < 3; ++i) {
        const auto trust = first_trust(chain.bytes(), sign_key(chain.roots[i]).public_key());
        ASSERT_TRUE(trust);
        EXPECT_EQ(trust->rotations, i);
        EXPECT_EQ(trust->org, org);
        EXPECT_TRUE(verify_bundle(chain.bytes(), *trust, t0));
    }
    EXPECT_EQ(code(first_trust(chain.bytes(), sign_key(13).public_key())), Errc::invalid_signature);
}

// ---- nothing goes down ----

TEST(Rollback, AnOlderVersionIsRefused)
{
    const Chain first;
    const Chain second = first.next();
    const Trust trust = verify_bundle(second.bytes(), Chain::first(), t0)->trust;
    EXPECT_EQ(code(verify_bundle(first.bytes(), trust, t0)), Errc::rollback);
    EXPECT_TRUE(verify_bundle(second.bytes(), trust, t0));
}

TEST(Rollback, TheSameVersionWithOtherBytesIsRefused)
{
    const Chain first;
    const Trust trust = verify_bundle(first.bytes(), Chain::first(), t0)->trust;
    Chain other = first;
    other.roster.push_back(1);
    EXPECT_EQ(code(verify_bundle(other.bytes(), trust, t0)), Errc::rollback);
    EXPECT_EQ(code(verify_publication(other.published(), trust, t0)), Errc::rollback);
}

TEST(Rollback, ADirectoryKeyOfALowerNumberIsRefused)
{
    Chain second;
    second.key.number = 2;
    const Trust trust = verify_bundle(second.bytes(), Chain::first(), t0)->trust;
    Chain old = second.next();
    old.key.number = 1;
    EXPECT_EQ(code(verify_bundle(old.bytes(), trust, t0)), Errc::rollback);
}

TEST(Rollback, ANextVersionOfAnotherHistoryIsRefused)
{
    const Chain first;
    const Trust trust = verify_bundle(first.bytes(), Chain::first(), t0)->trust;
    Chain forked = first;
    forked.roster.push_back(1);
    EXPECT_EQ(code(verify_bundle(forked.next().bytes(), trust, t0)), Errc::conflict);
    EXPECT_TRUE(verify_bundle(first.next().bytes(), trust, t0));
}

TEST(Rollback, VersionsMayBeMissedByADevice)
{
    const Chain first;
    const Trust trust = verify_bundle(first.bytes(), Chain::first(), t0)->trust;
    EXPECT_TRUE(verify_bundle(first.next().next().bytes(), trust, t0));
}

// ---- expiry ----

TEST(Expiry, AnExpiredDirectoryStillServesAndIsMarked)
{
    const Chain chain;
    const auto just_before = verify_bundle(chain.bytes(), Chain::first(), t0 + 30 * 24h - 1ms);
    const auto at = verify_bundle(chain.bytes(), Chain::first(), t0 + 30 * 24h);
    ASSERT_TRUE(just_before);
    ASSERT_TRUE(at);
    EXPECT_FALSE(just_before->expired);
    EXPECT_TRUE(at->expired);
    Chain key;
    key.key.expires_at = seconds_at(t0);
    EXPECT_TRUE(verify_bundle(key.bytes(), Chain::first(), t0)->expired);
}

TEST(Expiry, NothingExpiredIsPublished)
{
    const Chain chain;
    EXPECT_EQ(code(verify_publication(chain.published(), Chain::first(), t0 + 30 * 24h)),
              Errc::expired);
    Chain key;
    key.key.expires_at = seconds_at(t0);
    EXPECT_EQ(code(verify_publication(key.published(), Chain::first(), t0)), Errc::expired);
}

// ---- publications ----

TEST(Bundle, TheRootsThatRotationsReplacedAreKept)
{
    Chain chain;
    EXPECT_TRUE(verify_bundle(chain.bytes(), Chain::first(), t0)->trust.former_roots.empty());
    chain.roots = {10, 11, 12};
    const std::vector before{sign_key(10).public_key(), sign_key(11).public_key()};
    const Trust trust = verify_bundle(chain.bytes(), Chain::first(), t0)->trust;
    EXPECT_EQ(trust.root, sign_key(12).public_key());
    EXPECT_EQ(trust.former_roots, before);
    // Whoever joined after the rotations was told the newest root alone, and finds the others.
    const auto joined = first_trust(chain.bytes(), sign_key(12).public_key());
    ASSERT_TRUE(joined);
    EXPECT_EQ(verify_bundle(chain.bytes(), *joined, t0)->trust.former_roots, before);
}

TEST(Publication, AFirstOneIsTakenOnItsClaimedRootAndLaterOnesOnTheTrust)
{
    Chain chain;
    chain.roots = {10, 11};
    const auto root = claimed_root(chain.published());
    ASSERT_TRUE(root);
    EXPECT_EQ(*root, sign_key(11).public_key());
    const auto trust = first_trust(chain.bytes(), *root);
    ASSERT_TRUE(trust);
    const auto verified = verify_publication(chain.published(), *trust, t0);
    ASSERT_TRUE(verified);
    EXPECT_EQ(verified->parts.bundle, chain.bytes());
    const auto next = verify_publication(chain.next().published(), verified->directory.trust, t0);
    ASSERT_TRUE(next);
    EXPECT_EQ(next->routing.version, 2u);
}

TEST(Publication, AClaimedRootMustHaveSigned)
{
    const Chain chain;
    DirectoryBundle b = chain.bundle();
    b.root = sign_key(11).public_key();
    EXPECT_EQ(code(claimed_root(encode(Published{encode(b), encode(chain.routing)}))),
              Errc::invalid_signature);
}

TEST(Publication, TheVeryOneAgainIsARetry)
{
    const Chain chain;
    const auto once = verify_publication(chain.published(), Chain::first(), t0);
    ASSERT_TRUE(once);
    EXPECT_TRUE(verify_publication(chain.published(), once->directory.trust, t0));
}

TEST(Publication, MustFollowTheManifestHeld)
{
    const Chain first;
    const Trust trust = verify_bundle(first.bytes(), Chain::first(), t0)->trust;
    EXPECT_TRUE(verify_publication(first.next().published(), trust, t0));
    EXPECT_EQ(code(verify_publication(first.next().next().published(), trust, t0)), Errc::conflict);
    Chain gap = first.next(); // a version that no relay ever took lies between
    gap.manifest.version = gap.routing.version = 3;
    EXPECT_TRUE(verify_publication(gap.published(), trust, t0));
    Chain orphan = first.next();
    orphan.manifest.predecessor.reset();
    EXPECT_EQ(code(verify_publication(orphan.published(), trust, t0)), Errc::conflict);
}

TEST(Publication, ARelayThatHoldsNothingTakesAnyVersion)
{
    EXPECT_TRUE(verify_publication(Chain{}.next().next().published(), Chain::first(), t0));
}

TEST(Publication, TheRoutingViewIsTheOneSigned)
{
    const Chain chain;
    RoutingView other = chain.routing;
    other.devices.push_back({Role::admin,
                             auth_hash(box_key(9).public_key()),
                             {},
                             0,
                             Kind::any,
                             {},
                             false,
                             std::nullopt});
    EXPECT_EQ(code(verify_publication(encode(Published{chain.bytes(), encode(other)}),
                                      Chain::first(), t0)),
              Errc::invalid_signature);
    Chain version;
    version.routing.version = 2;
    EXPECT_EQ(code(verify_publication(version.published(), Chain::first(), t0)),
              Errc::malformed_frame);
}

TEST(Publication, GarbageAndEveryPrefixAreRefused)
{
    const Bytes whole = Chain{}.published();
    for (std::size_t size = 0; size < whole.size(); ++size)
        EXPECT_FALSE(verify_publication(ByteView(whole).first(size), Chain::first(), t0)) << size;
    EXPECT_EQ(code(verify_bundle(Bytes(100, 0xFF), Chain::first(), t0)), Errc::malformed_frame);
}

TEST(Manifest, TheFirstFollowsNothingAndNoneHasNumberZero)
{
    Chain first;
    first.manifest.predecessor = id_of<Digest>(1);
    EXPECT_EQ(code(verify_bundle(first.bytes(), Chain::first(), t0)), Errc::malformed_frame);
    Chain zero;
    zero.manifest.version = 0;
    EXPECT_EQ(code(verify_bundle(zero.bytes(), Chain::first(), t0)), Errc::malformed_frame);
}

TEST(Routing, RoundTripsEveryField)
{
    RoutingView view{org, 9, {}};
    view.devices.push_back({Role::contact, id_of<Digest>(1), id_of<MailboxId>(2), 3, Kind::embassy,
                            Bytes{1, 2}, true, seconds_at(t0)});
    view.devices.push_back(
        {Role::invitation, id_of<Digest>(4), {}, 0, Kind::any, {}, false, seconds_at(t0)});
    const Bytes bytes = encode(view);
    const auto decoded = decode_routing(bytes);
    ASSERT_TRUE(decoded);
    EXPECT_EQ(encode(*decoded), bytes);
    EXPECT_EQ(decoded->devices[0].mailbox, id_of<MailboxId>(2));
    EXPECT_EQ(decoded->devices[0].kind, Kind::embassy);
    EXPECT_TRUE(decoded->devices[0].revoked);
    EXPECT_EQ(decoded->devices[1].expires_at, seconds_at(t0));
}

} // namespace
} // namespace tocsin::protocol::test
