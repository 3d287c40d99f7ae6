// The daemon's lines between greeting and OK, and the answer to its challenge
// (PROTOCOL.md 3.3, 3.4).
#pragma once

#include "transport/greeting.h"

#include <string>
#include <string_view>

namespace lockstep::transport {

enum class ReplyKind { ok, exit, auth_required, error, motd };

struct Reply {
    ReplyKind kind = ReplyKind::motd;
    std::string text;  // the challenge; of an error or of the message of the day the line itself
    bool operator==(const Reply&) const = default;
};

// `line` without its LF. Never fails: what is nothing else is a line of the message of the day.
Reply parse_reply(std::string_view line);

// The first digest of ours that they named too; "" when they named none (before 3.2.7), which lets
// the protocol decide. Throws Error(auth, needs_person) when the two lists have nothing in common.
std::string choose_auth_digest(const Greeting& ours, const Greeting& theirs, int protocol);

// "USER base64(H(password, challenge))\n", without padding. `digest` is what choose_auth_digest()
// gave; "" is md5, or for P < 30 md4 with a zero seed in front. Throws Error(auth, needs_person)
// for a user that the line cannot carry (empty, or with a blank or a control byte in it).
std::string auth_response(std::string_view user, std::string_view password,
                          std::string_view challenge, std::string_view digest, int protocol);

}  // namespace lockstep::transport
