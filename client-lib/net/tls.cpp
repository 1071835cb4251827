#include "client-lib/net/tls.hpp"

#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <boost/asio/ip/address.hpp>

#include <fcntl.h>
#include <unistd.h>

#include <cassert>
#include <fstream>
#include <string_view>

namespace tocsin::net {
namespace {

template <class T, void (*release)(T*)>
struct Release {
    void operator()(T* object) const { release(object); }
};
using Pkey = std::unique_ptr<EVP_PKEY, Release<EVP_PKEY, EVP_PKEY_free>>;
using Certificate = std::unique_ptr<X509, Release<X509, X509_free>>;
using Extension = std::unique_ptr<X509_EXTENSION, Release<X509_EXTENSION, X509_EXTENSION_free>>;
using Serial = std::unique_ptr<BIGNUM, Release<BIGNUM, BN_free>>;
using Memory = std::unique_ptr<BIO, Release<BIO, BIO_free_all>>;

constexpr unsigned char alpn_http11[] = {8, 'h', 't', 't', 'p', '/', '1', '.', '1'};

int choose_alpn(SSL*, const unsigned char** chosen, unsigned char* chosen_size,
                const unsigned char* offered, unsigned int offered_size, void*)
{
    unsigned char* out = nullptr;
    if (SSL_select_next_proto(&out, chosen_size, alpn_http11, sizeof alpn_http11, offered,
                              offered_size) != OPENSSL_NPN_NEGOTIATED)
        return SSL_TLSEXT_ERR_ALERT_FATAL;
    *chosen = out;
    return SSL_TLSEXT_ERR_OK;
}

// Without a share for X25519 in its first message the client would be asked to send a second one,
// which OpenSSL would buffer whatever its size. Every client of today sends one.
int require_x25519_share(SSL* ssl, int* alert, void*)
{
    constexpr std::size_t x25519 = 0x001d;
    const unsigned char* data = nullptr;
    std::size_t size = 0;
    *alert = SSL_AD_HANDSHAKE_FAILURE;
    if (SSL_client_hello_get0_ext(ssl, TLSEXT_TYPE_key_share, &data, &size) != 1 || size < 2)
        return SSL_CLIENT_HELLO_ERROR;
    const auto number = [data](std::size_t at) {
        return static_cast<std::size_t>(data[at]) << 8 | data[at + 1];
    };
    for (std::size_t at = 2; at + 4 <= size; at += 4 + number(at + 2))
        if (number(at) == x25519) return SSL_CLIENT_HELLO_SUCCESS;
    return SSL_CLIENT_HELLO_ERROR;
}

std::shared_ptr<SSL_CTX> make_context(const SSL_METHOD* method)
{
    std::shared_ptr<SSL_CTX> context(SSL_CTX_new(method), SSL_CTX_free);
    if (!context) throw std::bad_alloc();
    SSL_CTX* ctx = context.get();
    [[maybe_unused]] bool ok = SSL_CTX_set_min_proto_version(ctx, TLS1_3_VERSION) == 1;
    ok = ok && SSL_CTX_set_max_proto_version(ctx, TLS1_3_VERSION) == 1;
    ok = ok && SSL_CTX_set1_groups_list(ctx, "X25519") == 1;
    assert(ok);
    // The session cache and tickets would keep what links two visits of one device.
    SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_options(ctx, SSL_OP_NO_TICKET | SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION);
    SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
                              SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    // Head and body of a record in one system call.
    SSL_CTX_set_read_ahead(ctx, 1);
    return context;
}

bool readable(const std::filesystem::path& path)
{
    return std::ifstream(path, std::ios::binary).good();
}

Result<void> write_new(const std::filesystem::path& path, BIO* content, mode_t mode)
{
    const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
    if (fd < 0) return errno == EEXIST ? Errc::already_exists : Errc::io_failed;
    char* data = nullptr;
    long left = BIO_get_mem_data(content, &data);
    bool ok = true;
    while (ok && left > 0) {
        const ssize_t n = ::write(fd, data, static_cast<std::size_t>(left));
        if (n < 0 && errno == EINTR) continue;
        ok = n > 0;
        if (!ok) break;
        data += n;
        left -= n;
    }
    ok = ok && ::fsync(fd) == 0;
    ok = ::close(fd) == 0 && ok;
    if (ok) return {};
    ::unlink(path.c_str());
    return Errc::io_failed;
}

void add_extension(X509* certificate, int nid, const std::string& value)
{
    const Extension extension(X509V3_EXT_conf_nid(nullptr, nullptr, nid, value.c_str()));
    if (extension) X509_add_ext(certificate, extension.get(), -1);
}

Certificate sign_self(EVP_PKEY* key, const std::string& common_name, int days)
{
    Certificate certificate(X509_new());
    const Serial serial(BN_new());
    if (!certificate || !serial || BN_rand(serial.get(), 127, 0, 0) != 1) return nullptr;
    X509_set_version(certificate.get(), X509_VERSION_3);
    BN_to_ASN1_INTEGER(serial.get(), X509_get_serialNumber(certificate.get()));
    // A day back, for devices whose clock is late.
    X509_time_adj_ex(X509_getm_notBefore(certificate.get()), -1, 0, nullptr);
    X509_time_adj_ex(X509_getm_notAfter(certificate.get()), days, 0, nullptr);
    X509_set_pubkey(certificate.get(), key);
    X509_NAME* name = X509_get_subject_name(certificate.get());
    if (X509_NAME_add_entry_by_NID(name, NID_commonName, MBSTRING_UTF8,
                                   reinterpret_cast<const unsigned char*>(common_name.data()),
                                   static_cast<int>(common_name.size()), -1, 0) != 1)
        return nullptr;
    X509_set_issuer_name(certificate.get(), name);
    boost::system::error_code ec;
    boost::asio::ip::make_address(common_name, ec);
    add_extension(certificate.get(), NID_subject_alt_name, (ec ? "DNS:" : "IP:") + common_name);
    if (X509_sign(certificate.get(), key, EVP_sha256()) == 0) return nullptr;
    return certificate;
}

} // namespace

Result<TlsContext> TlsContext::server(const std::filesystem::path& certificate_pem,
                                      const std::filesystem::path& key_pem)
{
    if (!readable(certificate_pem) || !readable(key_pem)) return Errc::io_failed;
    auto context = make_context(TLS_server_method());
    SSL_CTX* ctx = context.get();
    SSL_CTX_set_num_tickets(ctx, 0);
    // Phones without AES in hardware say so by putting ChaCha20 first.
    SSL_CTX_set_options(ctx, SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA);
    SSL_CTX_set_alpn_select_cb(ctx, choose_alpn, nullptr);
    SSL_CTX_set_client_hello_cb(ctx, require_x25519_share, nullptr);
    ERR_clear_error();
    if (SSL_CTX_use_certificate_chain_file(ctx, certificate_pem.c_str()) != 1 ||
        SSL_CTX_use_PrivateKey_file(ctx, key_pem.c_str(), SSL_FILETYPE_PEM) != 1 ||
        SSL_CTX_check_private_key(ctx) != 1) {
        ERR_clear_error();
        return Errc::damaged;
    }
    return TlsContext(std::move(context));
}

Result<TlsContext> TlsContext::client()
{
    auto context = make_context(TLS_client_method());
    SSL_CTX_set_verify(context.get(), SSL_VERIFY_NONE, nullptr);
    // Unlike most of its functions, this one returns 0 on success.
    [[maybe_unused]] const int failed =
        SSL_CTX_set_alpn_protos(context.get(), alpn_http11, sizeof alpn_http11);
    assert(failed == 0);
    return TlsContext(std::move(context));
}

Result<TlsContext> TlsContext::web(const std::filesystem::path& authorities_pem)
{
    if (!authorities_pem.empty() && !readable(authorities_pem)) return Errc::io_failed;
    auto context = make_context(TLS_client_method());
    SSL_CTX* ctx = context.get();
    [[maybe_unused]] bool ok = SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION) == 1;
    ok = ok && SSL_CTX_set1_groups_list(ctx, "X25519:P-256:P-384") == 1;
    ok = ok && SSL_CTX_set_alpn_protos(ctx, alpn_http11, sizeof alpn_http11) == 0;
    assert(ok);
    SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, nullptr);
    ERR_clear_error();
    const int loaded = authorities_pem.empty()
                           ? SSL_CTX_set_default_verify_paths(ctx)
                           : SSL_CTX_load_verify_file(ctx, authorities_pem.c_str());
    ERR_clear_error();
    if (loaded != 1) return Errc::damaged;
    return TlsContext(std::move(context));
}

Result<void> make_self_signed(const std::filesystem::path& certificate_pem,
                              const std::filesystem::path& key_pem, const std::string& common_name,
                              int days)
{
    // It becomes part of an extension's text, where a comma would start another entry.
    if (common_name.empty() || common_name.size() > 64 ||
        common_name.find_first_of(",; \n") != std::string::npos || days <= 0)
        return Errc::invalid_argument;
    const Pkey key(EVP_EC_gen("P-256"));
    const Memory key_text(BIO_new(BIO_s_secmem()));
    const Memory certificate_text(BIO_new(BIO_s_mem()));
    if (!key || !key_text || !certificate_text) throw std::bad_alloc();
    const Certificate certificate = sign_self(key.get(), common_name, days);
    if (!certificate) return Errc::invalid_argument;
    if (PEM_write_bio_PKCS8PrivateKey(key_text.get(), key.get(), nullptr, nullptr, 0, nullptr,
                                      nullptr) != 1 ||
        PEM_write_bio_X509(certificate_text.get(), certificate.get()) != 1)
        throw std::bad_alloc();
    if (auto written = write_new(key_pem, key_text.get(), 0600); !written) return written;
    auto written = write_new(certificate_pem, certificate_text.get(), 0644);
    if (!written) ::unlink(key_pem.c_str());
    return written;
}

} // namespace tocsin::net
