// Envelopes sealed ahead, so that the sender's cryptography is not what a run measures.
//
// A few hundred are sealed as a client seals them. Every alert of a run is one of these under an id
// of its own, written over the one in the header: the relay can open neither, and does the same
// work on both. What binds the header (an answer, a follow) is signed afresh for each alert.
#pragma once

#include "tests/bench/organisation.hpp"

#include <chrono>
#include <vector>

namespace tocsin::bench {

class Envelopes {
public:
    // Throws std::runtime_error when sealing fails, e.g. `text_bytes` is too much for one alert.
    Envelopes(const Organisation& organisation, std::size_t count, std::size_t text_bytes);

    // The frame that submits alert number `index`.
    [[nodiscard]] Bytes submit_frame(std::uint64_t index) const;
    [[nodiscard]] AlertId id_of(std::uint64_t index) const;
    // The number of an alert of this run; empty for any other id.
    [[nodiscard]] std::optional<std::uint64_t> index_of(const AlertId& id) const;

    // As the receipt must say.
    [[nodiscard]] Digest digest_of(std::uint64_t index) const;
    [[nodiscard]] Digest header_hash_of(std::uint64_t index) const;
    [[nodiscard]] const crypto::SignKey& owner_key_of(std::uint64_t index) const;
    [[nodiscard]] const crypto::SignKey& answer_key_of(std::uint64_t index, std::size_t slot) const;
    // The whole envelope as transmitted, to compare deliveries with.
    [[nodiscard]] Bytes envelope_of(std::uint64_t index) const;

    [[nodiscard]] std::size_t count() const { return sealed_.size(); }
    [[nodiscard]] std::chrono::microseconds took() const { return took_; }
    [[nodiscard]] std::size_t envelope_bytes() const { return sealed_.front().envelope_size; }
    [[nodiscard]] std::size_t frame_bytes() const { return sealed_.front().frame.size(); }

private:
    struct Sealed {
        Bytes frame;
        std::size_t envelope_at = 0; // in the frame
        std::size_t envelope_size = 0;
        std::size_t header_at = 0;
        std::size_t header_size = 0;
        std::size_t id_at = 0;
        crypto::SignKey owner_key;
        std::vector<crypto::SignKey> answer_keys;
    };
    [[nodiscard]] const Sealed& sealed_for(std::uint64_t index) const
    {
        return sealed_[index % sealed_.size()];
    }
    [[nodiscard]] static Sealed seal_one(const Organisation& organisation,
                                         const AlertContent& content);

    std::vector<Sealed> sealed_;
    std::chrono::microseconds took_{};
    std::uint64_t seed_ = 0; // of this run's ids
};

} // namespace tocsin::bench
