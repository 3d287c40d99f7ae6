// The client's half of TLS as a machine: bytes in, bytes out, no socket and no clock of its own.
#pragma once

#include "transport/tls_files.h"
#include "transport/wire.h"

#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string>

namespace lockstep::transport {

// TLS 1.2 or later with somebody who proves to be `host`: a name (as SNI too) or an address, which
// must stand in the certificate. Errors are of kind tls and say what was wrong and what was
// expected; those that the same attempt would meet again need a person.
//
// Invariant: before handshake() has returned true, after the proof, nothing of write() is in
// take(). What is fed and not yet read, and what is not yet taken, is bounded by the caller's
// pieces.
class TlsEngine {
public:
    // Throws where one of the files cannot be read or is not what it should be, with its name.
    TlsEngine(std::string host, TlsFiles files);
    ~TlsEngine();
    TlsEngine(const TlsEngine&) = delete;
    TlsEngine& operator=(const TlsEngine&) = delete;

    // What came from the line, and what is to go there: to be taken after every other call, also
    // after one that threw, whose alert tells the peer why.
    void feed(std::span<const std::byte> bytes);
    Bytes take();

    // True when it is over; false: feed more.
    bool handshake();

    // None: feed more; 0: the peer has closed in good order.
    std::optional<std::size_t> read(std::span<std::byte> into);
    void write(std::span<const std::byte> bytes);
    // Ours in good order; nothing when there was no handshake.
    void close();

private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace lockstep::transport
