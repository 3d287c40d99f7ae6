#include "tests/support/fake_daemon.h"

#include <chrono>
#include <utility>

namespace lockstep::testing {

using std::chrono::seconds;

namespace daemon_says {

std::string setup()
{
    return "\x81\xfe" + std::string("\x0axxh128 md5") + "\xf6\x15\x02\x6b";
}

std::string word(std::uint32_t value)
{
    std::string bytes;
    for (int i = 0; i < 4; ++i) bytes += static_cast<char>(value >> (8 * i));
    return bytes;
}

std::string frame(int tag, std::string_view payload)
{
    const auto length = static_cast<std::uint32_t>(payload.size());
    return word(static_cast<std::uint32_t>(7 + tag) << 24 | length) + std::string(payload);
}

std::string sum_head(std::uint32_t count, std::uint32_t block_bytes, std::uint32_t strong_bytes,
                     std::uint32_t remainder_bytes)
{
    return word(count) + word(block_bytes) + word(strong_bytes) + word(remainder_bytes);
}

// Three phases, deletion statistics, two goodbyes.
std::string all_done()
{
    return stream(std::string(3, '\0') + "\xff\x02" + std::string(5, '\0') + std::string(2, '\0'));
}

}  // namespace daemon_says

namespace {

std::optional<std::string> receive_exactly(int socket, std::size_t count)
{
    std::string bytes;
    while (bytes.size() < count) {
        const std::optional<std::string> more =
            receive_some(socket, count - bytes.size(), seconds(20));
        if (!more || more->empty()) return std::nullopt;
        bytes += *more;
    }
    return bytes;
}

}  // namespace

bool hear_arguments(int socket)
{
    if (!receive_line(socket, seconds(20)) || !receive_line(socket, seconds(20))) return false;
    // Each ends with a NUL, and so does the empty one that ends them.
    std::string last_two = "  ";
    while (last_two != std::string(2, '\0')) {
        const std::optional<std::string> next = receive_exactly(socket, 1);
        if (!next) return false;
        last_two = last_two.substr(1) + *next;
    }
    return true;
}

// A string behind its length, then the first frame; a sign of life is none.
bool hear_names_and_list(int socket)
{
    const std::optional<std::string> length = receive_exactly(socket, 1);
    if (!length || !receive_exactly(socket, static_cast<unsigned char>(length->front())))
        return false;
    std::optional<std::string> header = receive_exactly(socket, 4);
    while (header && header->starts_with(std::string(3, '\0'))) header = receive_exactly(socket, 4);
    return header.has_value();
}

ScriptedServer::Conversation let_in_early(ScriptedServer::Conversation then)
{
    return [then = std::move(then)](int socket) {
        send_all(socket, daemon_says::greeting + daemon_says::ok);
        if (!hear_arguments(socket)) return;
        if (send_all(socket, daemon_says::setup())) then(socket);
    };
}

ScriptedServer::Conversation let_in(ScriptedServer::Conversation then)
{
    return let_in_early([then = std::move(then)](int socket) {
        if (hear_names_and_list(socket)) then(socket);
    });
}

void listen_on_and_on(int socket)
{
    while (const std::optional<std::string> said = receive_some(socket, 65536, seconds(60)))
        if (said->empty()) return;
}

void say_on_and_on(int socket, std::string_view bytes)
{
    while (send_all(socket, bytes)) {
    }
}

}  // namespace lockstep::testing
