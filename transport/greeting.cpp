#include "transport/greeting.h"

#include "base/error.h"
#include "base/path.h"

#include <algorithm>
#include <charconv>
#include <optional>

namespace lockstep::transport {
namespace {

constexpr std::string_view prefix = "@RSYNCD: ";
constexpr std::size_t line_bytes_max = 1024;
constexpr std::size_t shown_bytes_max = 80;

[[noreturn]] void no_daemon(std::string_view line, std::string_view why)
{
    throw Error(ErrorKind::protocol, Remedy::needs_person,
                "no rsync daemon answers: " + std::string(why) + " in its greeting " +
                    quoted(line.substr(0, shown_bytes_max)));
}

// Takes a decimal number of at most 4 digits off the front.
std::optional<int> take_number(std::string_view& text)
{
    const auto* const digits_end =
        std::find_if(text.begin(), text.end(), [](char c) { return c < '0' || c > '9'; });
    const auto count = static_cast<std::size_t>(digits_end - text.begin());
    if (count == 0 || count > 4) return std::nullopt;
    int number = 0;
    std::from_chars(text.data(), text.data() + count, number);
    text.remove_prefix(count);
    return number;
}

std::vector<std::string> words(std::string_view text)
{
    std::vector<std::string> found;
    while (!text.empty()) {
        const std::size_t end = std::min(text.find_first_of(" \t\r\v\f"), text.size());
        if (end > 0) found.emplace_back(text.substr(0, end));
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return found;
}

}  // namespace

std::string render(const Greeting& greeting)
{
    std::string line = std::string(prefix) + std::to_string(greeting.protocol) + "." +
                       std::to_string(greeting.sub);
    for (const std::string& digest : greeting.digests) line += " " + digest;
    return line + "\n";
}

Greeting parse_greeting(std::string_view line)
{
    if (line.size() > line_bytes_max) no_daemon(line, "more than 1024 bytes");
    if (line.find('\0') != std::string_view::npos) no_daemon(line, "a NUL byte");
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (!line.starts_with(prefix)) no_daemon(line, "no '@RSYNCD: '");

    std::string_view rest = line.substr(prefix.size());
    Greeting greeting;
    const std::optional<int> protocol = take_number(rest);
    if (!protocol) no_daemon(line, "no version");
    greeting.protocol = *protocol;
    if (rest.starts_with('.')) {
        rest.remove_prefix(1);
        const std::optional<int> sub = take_number(rest);
        if (!sub) no_daemon(line, "no sub version");
        greeting.sub = *sub;
    } else if (greeting.protocol >= 30) {
        no_daemon(line, "no sub version");
    }
    if (!rest.empty() && rest.front() != ' ') no_daemon(line, "something after the version");
    greeting.digests = words(rest);
    return greeting;
}

Greeting our_greeting(int highest_protocol)
{
    return {highest_protocol, 0, {"sha512", "sha256", "sha1", "md5", "md4"}};
}

int agree_protocol(const Greeting& ours, const Greeting& theirs)
{
    int protocol = std::min(ours.protocol, theirs.protocol);
    if (theirs.protocol <= ours.protocol && theirs.sub != 0) --protocol;
    if (protocol < protocol_min)
        throw Error(ErrorKind::protocol, Remedy::needs_person,
                    "the daemon speaks protocol " + std::to_string(theirs.protocol) +
                        ", which is too old: expected at least " + std::to_string(protocol_min));
    return protocol;
}

}  // namespace lockstep::transport
