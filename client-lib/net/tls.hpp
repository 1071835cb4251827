/// TLS settings shared by both sides of a link, and certificates made at first start.
///
/// Thread safety: a context may be used from several threads once made; it is never changed.
#pragma once

#include <tocsin/errc.hpp>

#include <array>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>

struct ssl_ctx_st; // SSL_CTX of OpenSSL, so that includers don't pull it in.

namespace tocsin::net {

/// 32 bytes that only the two ends of one TLS connection know (RFC 9266, tls-exporter).
using ChannelBinding = std::array<std::uint8_t, 32>;

/// TLS 1.3 and X25519 only, no resumption, ALPN http/1.1. Cheap to copy: copies share it.
class TlsContext {
public:
    /// Settings of a relay.
    ///
    /// Errors: `Errc::io_failed` when a file can't be read, `Errc::damaged` when it is no
    /// certificate or key, or the two don't belong together.
    [[nodiscard]] static Result<TlsContext> server(const std::filesystem::path& certificate_pem,
                                                   const std::filesystem::path& key_pem);

    /// Settings of a device.
    ///
    /// No certificate chain is checked: a relay is not authenticated by an authority but by its
    /// X25519 key, pinned in the invitation, over this connection's channel binding. Whoever sits
    /// in the middle has another binding, and the proof in the 101 response doesn't hold for it.
    /// A caller that skips that check talks to anybody.
    [[nodiscard]] static Result<TlsContext> client();

    /// Settings of a client of the public web: TLS 1.2 or later, and whoever answers must have a
    /// certificate for the name it was asked by, from an authority of the system or, when
    /// `authorities_pem` is given, from one of that file alone; `Errc::unauthenticated` otherwise.
    ///
    /// Errors: `Errc::io_failed` when the file can't be read, `Errc::damaged` when it has none.
    [[nodiscard]] static Result<TlsContext> web(const std::filesystem::path& authorities_pem = {});

    [[nodiscard]] ssl_ctx_st* native_handle() const { return handle_.get(); }

private:
    explicit TlsContext(std::shared_ptr<ssl_ctx_st> handle) : handle_(std::move(handle)) {}

    std::shared_ptr<ssl_ctx_st> handle_;
};

/// Makes an ECDSA P-256 key (mode 0600) and a certificate signed by itself.
///
/// Errors: `Errc::already_exists` when either file is there: a key is never overwritten;
/// `Errc::io_failed` when one can't be written: neither is left behind.
[[nodiscard]] Result<void> make_self_signed(const std::filesystem::path& certificate_pem,
                                            const std::filesystem::path& key_pem,
                                            const std::string& common_name, int days);

} // namespace tocsin::net
