#include "client-lib/crypto/merkle.hpp"

#include <cassert>
#include <utility>

namespace tocsin::crypto {
namespace {

Digest leaf_hash(const Digest& leaf) { return hash("receipt/leaf", {leaf.view()}); }

Digest node_hash(const Digest& left, const Digest& right)
{
    return hash("receipt/node", {left.view(), right.view()});
}

} // namespace

// RFC 9162 splits at the largest power of two below the size. Pairing neighbours level by level and
// lifting a last one without a neighbour unchanged builds the same tree from below.
MerkleTree::MerkleTree(std::vector<Digest> leaves)
{
    assert(!leaves.empty());
    for (Digest& leaf : leaves)
        leaf = leaf_hash(leaf);
    levels_.push_back(std::move(leaves));
    while (levels_.back().size() > 1) {
        const std::vector<Digest>& below = levels_.back();
        std::vector<Digest> level;
        level.reserve((below.size() + 1) / 2);
        for (std::size_t i = 0; i + 1 < below.size(); i += 2)
            level.push_back(node_hash(below[i], below[i + 1]));
        if (below.size() % 2 == 1) level.push_back(below.back());
        levels_.push_back(std::move(level));
    }
}

std::vector<Digest> MerkleTree::path(std::size_t index) const
{
    assert(index < size());
    std::vector<Digest> siblings;
    for (const std::vector<Digest>& level : levels_) {
        const std::size_t sibling = index ^ 1;
        if (sibling < level.size()) siblings.push_back(level[sibling]);
        index /= 2;
    }
    return siblings;
}

Result<Digest> root_from_path(const Digest& leaf, std::uint64_t index, std::uint64_t size,
                              std::span<const Digest> path)
{
    if (index >= size) return Errc::invalid_signature;
    // The names fn and sn are the RFC's: the positions of this node and of the last one.
    std::uint64_t fn = index;
    std::uint64_t sn = size - 1;
    Digest node = leaf_hash(leaf);
    for (const Digest& sibling : path) {
        if (sn == 0) return Errc::invalid_signature; // Longer than any path here.
        if (fn % 2 == 1 || fn == sn) {
            node = node_hash(sibling, node);
            // A last node without a right neighbour was lifted: follow it to where it has a left
            // one.
            while (fn % 2 == 0 && fn != 0) {
                fn /= 2;
                sn /= 2;
            }
        } else {
            node = node_hash(node, sibling);
        }
        fn /= 2;
        sn /= 2;
    }
    if (sn != 0) return Errc::invalid_signature; // Too short.
    return node;
}

} // namespace tocsin::crypto
