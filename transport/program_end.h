// Why a receiver at the end of a pipe is gone: its exit status and its last words, as an Error.
#pragma once

#include "base/error.h"
#include "transport/endpoint.h"

#include <optional>
#include <string>

namespace lockstep::transport {

struct ProgramEnd {
    Reach reach = Reach::local;  // ssh: the status is ssh's own (255) or the far end's
    std::string name;            // "ssh user@host", for messages
    int status = 0;              // as waitpid() gives it
    std::string last_words;      // the end of its standard error
};

// None when there is nothing to say: it ended well, or with files that failed, which the session
// has been told one by one (PROTOCOL.md 23). Texts are hints: what nobody knows is worth another
// try.
std::optional<Error> trouble_of(const ProgramEnd& end);

}  // namespace lockstep::transport
