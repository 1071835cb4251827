/// A Merkle tree (RFC 9162 section 2.1) over a commit group: one signature on the root serves every
/// receipt of the group, and each carries its path.
///
/// Leaf and node hashes are labelled "receipt/leaf" and "receipt/node" where the RFC prepends 0 and
/// 1, for the same reason: a node can never be shown as a leaf. The root does not say how many
/// leaves there are: what is signed names the size beside it. There is no empty tree.
///
/// Thread safety: values. Errors: in each function.
#pragma once

#include "client-lib/crypto/hash.hpp"

#include <tocsin/errc.hpp>

#include <cstdint>
#include <span>
#include <vector>

namespace tocsin::crypto {

class MerkleTree {
public:
    /// At least one leaf (asserted). A leaf is a digest of what the receipt says.
    explicit MerkleTree(std::vector<Digest> leaves);

    [[nodiscard]] const Digest& root() const noexcept { return levels_.back().front(); }
    [[nodiscard]] std::size_t size() const noexcept { return levels_.front().size(); }

    /// The siblings from the leaf upwards (section 2.1.3.1); `index` < size() (asserted).
    [[nodiscard]] std::vector<Digest> path(std::size_t index) const;

private:
    std::vector<std::vector<Digest>> levels_; // The leaves' hashes first, the root last.
};

/// The root that `path` leads to from `leaf` (section 2.1.3.2), to be compared with the signed one.
/// `Errc::invalid_signature`: no tree of `size` leaves has a path of this length at `index`.
[[nodiscard]] Result<Digest> root_from_path(const Digest& leaf, std::uint64_t index,
                                            std::uint64_t size, std::span<const Digest> path);

} // namespace tocsin::crypto
