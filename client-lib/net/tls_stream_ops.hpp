// The composed operations of TlsStream; included by tls_stream.hpp only.
#pragma once

namespace tocsin::net {

// Tries, waits until the socket is ready as OpenSSL wishes, tries again.
template <class Attempt>
struct TlsStream::Operation {
    TlsStream& stream;
    Attempt attempt;
    Step step{};
    bool waited = false;
    bool finished = false;

    template <class Self>
    void operator()(Self& self, boost::system::error_code ec = {})
    {
        // After an aborted wait the stream may be gone: it isn't looked at.
        if (ec) return Attempt::complete(self, Step{.ec = ec});
        if (finished) return Attempt::complete(self, step);
        step = attempt.run(stream);
        auto& socket = stream.socket_;
        switch (step.next) {
        case Next::wait_read:
            waited = true;
            return socket.async_wait(boost::asio::ip::tcp::socket::wait_read, std::move(self));
        case Next::wait_write:
            waited = true;
            return socket.async_wait(boost::asio::ip::tcp::socket::wait_write, std::move(self));
        case Next::done:
            break;
        }
        if (waited) return Attempt::complete(self, step);
        // Nobody may be called back from within the function that starts the operation.
        finished = true;
        auto executor = socket.get_executor();
        boost::asio::post(executor, std::move(self));
    }
};

template <class Buffers>
struct TlsStream::Reading {
    Buffers buffers;

    Step run(TlsStream& stream)
    {
        const auto end = boost::asio::buffer_sequence_end(buffers);
        for (auto it = boost::asio::buffer_sequence_begin(buffers); it != end; ++it) {
            const boost::asio::mutable_buffer buffer(*it);
            if (buffer.size() != 0) return stream.try_read(buffer.data(), buffer.size());
        }
        return {};
    }

    template <class Self>
    static void complete(Self& self, const Step& step)
    {
        self.complete(step.ec, step.bytes);
    }
};

template <class Buffers>
struct TlsStream::Writing {
    Buffers buffers;

    // One TLS record at most. Several small buffers (a frame's head and its body) become one
    // record; when OpenSSL asks to try again it wants the same bytes, wherever they are, and gets
    // them.
    Step run(TlsStream& stream)
    {
        constexpr std::size_t record_bytes_max = 16384;
        std::array<std::uint8_t, record_bytes_max> scratch;
        std::size_t filled = 0;
        const auto end = boost::asio::buffer_sequence_end(buffers);
        for (auto it = boost::asio::buffer_sequence_begin(buffers); it != end; ++it) {
            const boost::asio::const_buffer buffer(*it);
            if (filled == 0 && buffer.size() >= record_bytes_max)
                return stream.try_write(buffer.data(), record_bytes_max);
            filled += boost::asio::buffer_copy(boost::asio::buffer(scratch) + filled, buffer);
            if (filled == record_bytes_max) break;
        }
        if (filled == 0) return {};
        return stream.try_write(scratch.data(), filled);
    }

    template <class Self>
    static void complete(Self& self, const Step& step)
    {
        self.complete(step.ec, step.bytes);
    }
};

struct TlsStream::ShuttingDown {
    static Step run(TlsStream& stream) { return stream.shutdown_step(); }

    template <class Self>
    static void complete(Self& self, const Step& step)
    {
        self.complete(step.ec);
    }
};

template <class Buffers, class Token>
auto TlsStream::async_read_some(const Buffers& buffers, Token&& token)
{
    using Op = Operation<Reading<Buffers>>;
    return boost::asio::async_compose<Token, void(boost::system::error_code, std::size_t)>(
        Op{*this, Reading<Buffers>{buffers}}, token, socket_);
}

template <class Buffers, class Token>
auto TlsStream::async_write_some(const Buffers& buffers, Token&& token)
{
    using Op = Operation<Writing<Buffers>>;
    return boost::asio::async_compose<Token, void(boost::system::error_code, std::size_t)>(
        Op{*this, Writing<Buffers>{buffers}}, token, socket_);
}

template <class Token>
auto TlsStream::async_ready(Next next, Token&& token)
{
    using boost::asio::ip::tcp;
    return socket_.async_wait(next == Next::wait_write ? tcp::socket::wait_write
                                                       : tcp::socket::wait_read,
                              std::forward<Token>(token));
}

template <class Token>
auto TlsStream::async_shutdown(Token&& token)
{
    using Op = Operation<ShuttingDown>;
    return boost::asio::async_compose<Token, void(boost::system::error_code)>(
        Op{*this, ShuttingDown{}}, token, socket_);
}

} // namespace tocsin::net
