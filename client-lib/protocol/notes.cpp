// What is padded, signed by a device and sealed under a key of the alert: notes and follow-ups.
#include "client-lib/crypto/aead.hpp"
#include "client-lib/crypto/kdf.hpp"
#include "client-lib/protocol/content.hpp"
#include "client-lib/protocol/frame.hpp"
#include "client-lib/protocol/seal.hpp"

#include <tocsin/limits.hpp>

#include <algorithm>

namespace tocsin::protocol {

using crypto::be32;

// ---- padding ----

Result<Bytes> pad(ByteView body, ByteView trailer, std::span<const std::size_t> sizes)
{
    const std::size_t used = 4 + body.size() + trailer.size();
    const std::size_t size = bucket_for(used, sizes);
    if (size == 0) return Errc::too_large;
    Bytes padded;
    padded.reserve(size); // Never grown: a plaintext leaves no copies behind.
    const auto length = be32(static_cast<std::uint32_t>(body.size()));
    padded.insert(padded.end(), length.begin(), length.end());
    padded.insert(padded.end(), body.begin(), body.end());
    padded.insert(padded.end(), trailer.begin(), trailer.end());
    padded.resize(size, 0);
    return padded;
}

Result<Padded> unpad(ByteView padded, std::size_t trailer_bytes, std::span<const std::size_t> sizes)
{
    if (padded.size() < 4 + trailer_bytes) return Errc::malformed_frame;
    const std::size_t length = std::size_t{padded[0]} << 24 | std::size_t{padded[1]} << 16 |
                               std::size_t{padded[2]} << 8 | std::size_t{padded[3]};
    if (length > padded.size() - 4 - trailer_bytes) return Errc::malformed_frame;
    const std::size_t used = 4 + length + trailer_bytes;
    if (bucket_for(used, sizes) != padded.size()) return Errc::malformed_frame;
    if (std::ranges::any_of(padded.subspan(used), [](std::uint8_t byte) { return byte != 0; }))
        return Errc::malformed_frame;
    return Padded{padded.subspan(4, length), padded.subspan(4 + length, trailer_bytes)};
}

namespace {

using SignKeyOf = std::function<std::optional<SignPublicKey>(const DeviceId&)>;

// ---- sign, pad, seal; `context` is what the signature and the box are bound to ----

Result<Bytes> seal_body(Bytes body, std::string_view purpose, ByteView context, ByteView key,
                        const crypto::SignKey& device_key)
{
    SignedBody signed_body;
    signed_body.device = device_id(device_key.public_key());
    signed_body.signature = crypto::sign(device_key, purpose, {context, body});
    signed_body.body = std::move(body);
    Bytes encoded = encode(signed_body);
    Result<Bytes> padded = pad(encoded, {}, limits::note_sizes);
    crypto::wipe(encoded);
    crypto::wipe(signed_body.body);
    if (!padded) return padded;
    Bytes sealed = crypto::seal(key, *padded, context);
    crypto::wipe(*padded);
    return sealed;
}

Result<SignedBody> open_body(ByteView sealed, std::string_view purpose, ByteView context,
                             ByteView key, const SignKeyOf& sign_key_of)
{
    Result<Bytes> padded = crypto::open(key, sealed, context);
    if (!padded) return padded.error();
    const Result<Padded> plain = unpad(*padded, 0, limits::note_sizes);
    if (!plain) return plain.error();
    Result<SignedBody> body = decode_signed_body(plain->body);
    crypto::wipe(*padded);
    if (!body) return body;
    const std::optional<SignPublicKey> signer = sign_key_of(body->device);
    if (!signer || !crypto::verify(*signer, purpose, {context, body->body}, body->signature))
        return Errc::invalid_signature;
    return body;
}

// ---- one spelling of key and context for both ends ----

constexpr std::string_view note_signature = "answer/note-signature";
constexpr std::string_view follow_up_signature = "follow-up/signature";

crypto::Secret<32> key_of_note(const NoteContext& c, ByteView payload_key)
{
    return crypto::derive("answer/note-key", payload_key,
                          {c.header_hash.view(), be32(c.author), be32(c.number)});
}

Bytes context_of(const NoteContext& c)
{
    return crypto::labelled("answer/note-context", {c.header_hash.view(), be32(c.author),
                                                    be32(static_cast<std::uint32_t>(c.verb)),
                                                    be32(c.number), be32(c.target)});
}

crypto::Secret<32> key_of_follow_up(const FollowUpContext& c, ByteView payload_key)
{
    return crypto::derive("follow-up/key", payload_key,
                          {c.header_hash.view(), be32(c.author), be32(c.number)});
}

Bytes context_of(const FollowUpContext& c)
{
    return crypto::labelled("follow-up/context", {c.header_hash.view(), be32(c.author),
                                                  be32(c.number), c.previous.view()});
}

} // namespace

// ---- notes ----

Result<Bytes> seal_note(const AnswerNote& note, const NoteContext& context, ByteView payload_key,
                        const crypto::SignKey& device_key)
{
    Bytes body = encode(note);
    const Result<AnswerNote> read = decode_answer_note(body);
    if (!read || *read != note) return Errc::invalid_argument; // e.g. text that is not UTF-8
    return seal_body(std::move(body), note_signature, context_of(context),
                     key_of_note(context, payload_key).view(), device_key);
}

Result<OpenedNote> open_note(ByteView sealed, const NoteContext& context, ByteView payload_key,
                             const SignKeyOf& sign_key_of)
{
    Result<SignedBody> body = open_body(sealed, note_signature, context_of(context),
                                        key_of_note(context, payload_key).view(), sign_key_of);
    if (!body) return body.error();
    Result<AnswerNote> note = decode_answer_note(body->body);
    if (!note) return note.error();
    return OpenedNote{std::move(*note), body->device};
}

// ---- follow-ups ----

Result<Bytes> seal_follow_up(const FollowUpNote& note, const FollowUpContext& context,
                             ByteView payload_key, const crypto::SignKey& device_key)
{
    Bytes body = encode(note);
    const Result<FollowUpNote> read = decode_follow_up_note(body);
    // What nobody could read as it was meant: text that is not UTF-8, a point off the globe.
    if (!read || read->text != note.text || read->where.words != note.where.words ||
        read->where.point != note.where.point)
        return Errc::invalid_argument;
    return seal_body(std::move(body), follow_up_signature, context_of(context),
                     key_of_follow_up(context, payload_key).view(), device_key);
}

Result<OpenedFollowUp> open_follow_up(ByteView sealed, const FollowUpContext& context,
                                      ByteView payload_key, const SignKeyOf& sign_key_of)
{
    Result<SignedBody> body = open_body(sealed, follow_up_signature, context_of(context),
                                        key_of_follow_up(context, payload_key).view(), sign_key_of);
    if (!body) return body.error();
    Result<FollowUpNote> note = decode_follow_up_note(body->body);
    if (!note) return note.error();
    return OpenedFollowUp{std::move(*note), body->device};
}

} // namespace tocsin::protocol
