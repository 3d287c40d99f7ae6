// All that a daemon says before the first frame, as lines: greeting, replies, names of checksums.
#include "transport/greeting.h"

#include "base/assert.h"
#include "base/error.h"
#include "input.h"
#include "transport/login.h"
#include "transport/setup.h"

#include <string>

using namespace lockstep;
using namespace lockstep::transport;

namespace {

std::string_view take_line(std::string_view& text)
{
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    return line;
}

void converse(std::string_view said)
{
    const Greeting ours = our_greeting();
    const Greeting theirs = parse_greeting(take_line(said));
    std::string again = render(theirs);
    again.pop_back();
    // Our form may be longer than theirs (",.5" is "5.0"), and then beyond what a line may be.
    if (again.size() <= 1024)
        LOCKSTEP_ASSERT(parse_greeting(again) == theirs, "a greeting reads as it was written");
    const int protocol = agree_protocol(ours, theirs);
    LOCKSTEP_ASSERT(protocol >= protocol_min && protocol <= protocol_max, "one that we speak");

    while (!said.empty()) {
        const Reply reply = parse_reply(take_line(said));
        if (reply.kind != ReplyKind::auth_required) continue;
        const std::string digest = choose_auth_digest(ours, theirs, protocol);
        const std::string line = auth_response("joe", "s3cret", reply.text, digest, protocol);
        LOCKSTEP_ASSERT(line.find('\n') == line.size() - 1, "one line");
        LOCKSTEP_ASSERT(line.find("s3cret") == std::string::npos, "the password is not in it");
    }
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    fuzz::Input input(data, size);
    try {
        const std::string chosen = choose_name(our_checksum_list(), input.text());
        if (!chosen.empty()) {
            const auto digest = delta::digest_from_name(chosen);
            LOCKSTEP_ASSERT(digest.has_value(), "what we offer can be computed");
        }
        converse(input.text());
    } catch (const Error&) {
        // Refused in words: as it should be.
    }
    return 0;
}
