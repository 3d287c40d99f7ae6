// What a daemon says on the wire, in pieces, for those that say it at the wrong time or too much.
#pragma once

#include "tests/support/scripted_server.h"

#include <cstdint>
#include <string>
#include <string_view>

namespace lockstep::testing {

// The bytes of a protocol 32 daemon (PROTOCOL.md 26), stage by stage.
namespace daemon_says {

inline const std::string greeting = "@RSYNCD: 32.0 sha512 sha256 sha1 md5 md4\n";
inline const std::string ok = "@RSYNCD: OK\n";
// Compat flags 0x1fe, digest names, seed.
std::string setup();
// Of tag 0 the generator's stream, else a message (PROTOCOL.md 8.3).
std::string frame(int tag, std::string_view payload);
inline std::string stream(std::string_view payload)
{
    return frame(0, payload);
}
std::string word(std::uint32_t value);  // little-endian
std::string sum_head(std::uint32_t count, std::uint32_t block_bytes, std::uint32_t strong_bytes,
                     std::uint32_t remainder_bytes);
// Every phase and the goodbye, with nothing asked for.
std::string all_done();

}  // namespace daemon_says

// `then` on a socket whose client has been let in, has heard all of the setup and begins with its
// list. Its return closes the connection.
ScriptedServer::Conversation let_in(ScriptedServer::Conversation then);
// The same before the client's list.
ScriptedServer::Conversation let_in_early(ScriptedServer::Conversation then);

// The stages of it: false when the client has left. Arguments come after its greeting and module,
// the names of its digests after the compat flags.
bool hear_arguments(int socket);
bool hear_names_and_list(int socket);

// Until the client hangs up.
void listen_on_and_on(int socket);
// Again and again, until the client hangs up.
void say_on_and_on(int socket, std::string_view bytes);

}  // namespace lockstep::testing
