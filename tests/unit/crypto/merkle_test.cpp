#include "client-lib/crypto/merkle.hpp"

#include <gtest/gtest.h>

#include <bit>

namespace tocsin::crypto {
namespace {

std::vector<Digest> leaves_of(std::size_t size)
{
    std::vector<Digest> leaves(size);
    for (std::size_t i = 0; i < size; ++i)
        leaves[i].value.fill(static_cast<std::uint8_t>(i));
    return leaves;
}

// RFC 9162 section 2.1.1 word for word: split at the largest power of two below the size.
Digest root_by_definition(std::span<const Digest> leaves)
{
    if (leaves.size() == 1) return hash("receipt/leaf", {leaves.front().view()});
    const std::size_t split = std::bit_floor(leaves.size() - 1);
    return hash("receipt/node", {root_by_definition(leaves.first(split)).view(),
                                 root_by_definition(leaves.subspan(split)).view()});
}

} // namespace

TEST(Merkle, RootIsThatOfTheDefinitionForEverySize)
{
    for (std::size_t size = 1; size <= 33; ++size)
        EXPECT_EQ(MerkleTree(leaves_of(size)).root(), root_by_definition(leaves_of(size))) << size;
}

TEST(Merkle, RootIsTheOneAnIndependentProgramComputed)
{
    EXPECT_EQ(to_hex(MerkleTree(leaves_of(7)).root().view()),
              "95483d7ea1d216f95a29ed007c118ef60ed6b5d1912dc24ad1fc1582e0a5b0ed");
}

TEST(Merkle, EveryPathOfEverySizeLeadsToTheRoot)
{
    for (std::size_t size = 1; size <= 33; ++size) {
        const std::vector<Digest> leaves = leaves_of(size);
        const MerkleTree tree(leaves);
        for (std::size_t index = 0; index < size; ++index) {
            const Result<Digest> root =
                root_from_path(leaves[index], index, size, tree.path(index));
            ASSERT_TRUE(root) << size << " " << index;
            EXPECT_EQ(*root, tree.root()) << size << " " << index;
        }
    }
}

TEST(Merkle, NoAlteredPathLeadsToTheRoot)
{
    for (std::size_t size = 1; size <= 33; ++size) {
        const std::vector<Digest> leaves = leaves_of(size);
        const MerkleTree tree(leaves);
        const auto holds = [&](const Digest& leaf, std::size_t index,
                               const std::vector<Digest>& path) {
            const Result<Digest> root = root_from_path(leaf, index, size, path);
            return root && *root == tree.root();
        };
        for (std::size_t index = 0; index < size; ++index) {
            SCOPED_TRACE(std::to_string(index) + " of " + std::to_string(size));
            const std::vector<Digest> path = tree.path(index);

            Digest leaf = leaves[index];
            leaf.value[31] ^= 1;
            EXPECT_FALSE(holds(leaf, index, path));

            for (std::size_t other = 0; other <= size; ++other)
                EXPECT_TRUE(other == index || !holds(leaves[index], other, path)) << other;

            for (std::size_t i = 0; i < path.size(); ++i) {
                std::vector<Digest> altered = path;
                altered[i].value[0] ^= 1;
                EXPECT_FALSE(holds(leaves[index], index, altered)) << i;
                altered = path;
                altered.erase(altered.begin() + static_cast<std::ptrdiff_t>(i));
                EXPECT_EQ(root_from_path(leaves[index], index, size, altered).has_value(), false);
            }

            std::vector<Digest> longer = path;
            longer.push_back(tree.root());
            EXPECT_EQ(root_from_path(leaves[index], index, size, longer).error(),
                      Errc::invalid_signature);
        }
    }
}

TEST(Merkle, ANodeCannotBeShownAsALeaf)
{
    const std::vector<Digest> leaves = leaves_of(4);
    const MerkleTree tree(leaves);
    const Digest inner = MerkleTree({leaves[0], leaves[1]}).root();
    const std::vector<Digest> path{MerkleTree({leaves[2], leaves[3]}).root()};

    EXPECT_NE(root_from_path(inner, 0, 2, path).value(), tree.root());
}

TEST(Merkle, ThereIsNoEmptyTree)
{
    EXPECT_DEATH(MerkleTree({}), "");
    EXPECT_EQ(root_from_path(Digest{}, 0, 0, {}).error(), Errc::invalid_signature);
    EXPECT_DEATH((void)MerkleTree(leaves_of(2)).path(2), "");
}

TEST(Merkle, AbsurdPositionsAndPathsEnd)
{
    const std::vector<Digest> path(100);
    EXPECT_EQ(root_from_path(Digest{}, ~0ull - 1, ~0ull, path).error(), Errc::invalid_signature);
    EXPECT_EQ(root_from_path(Digest{}, 0, ~0ull, {}).error(), Errc::invalid_signature);
}

} // namespace tocsin::crypto
