// The daemon's sentences: whatever they say, only paths of the list are blamed, and none forgotten.
#include "base/assert.h"
#include "input.h"
#include "transport/outcome.h"

#include <algorithm>

using namespace lockstep;
using namespace lockstep::transport;

namespace {

PushList some_list()
{
    constexpr std::uint32_t file = 0100644;
    constexpr std::uint32_t directory = 0040755;
    PushList list;
    for (const auto& [path, mode] : {std::pair{".", directory},
                                     {"d", directory},
                                     {"d/x", file},
                                     {"d/.x", file},
                                     {"g", 0U},
                                     {"a", file},
                                     {"b", file}}) {
        Entry& entry = list.entries.emplace_back();
        entry.path = path;
        entry.mode = mode;
        if (entry.is_regular() && entry.path.size() == 1) entry.link_dev = entry.link_inode = 7;
    }
    return list;
}

constexpr Tag tags[] = {Tag::error_xfer, Tag::error,   Tag::warning, Tag::info,
                        Tag::deleted,    Tag::success, Tag::io_error};

bool printable(std::string_view text)
{
    return std::all_of(text.begin(), text.end(),
                       [](char c) { return static_cast<unsigned char>(c) >= 0x20 && c != 0x7f; });
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    static const PushList list = some_list();
    fuzz::Input input(data, size);
    const int form = input.choice(4);
    const std::string module = "mod";
    const std::string below = (form & 1) != 0 ? "sub/dir" : "";
    OutcomeBuilder outcome(list, module, below, (form & 2) != 0);
    while (!input.empty()) {
        Message message;
        message.tag = tags[input.choice(static_cast<int>(std::size(tags)))];
        const auto length = static_cast<std::size_t>(input.choice(256));
        const auto text = input.piece(length);
        message.payload.assign(reinterpret_cast<const char*>(text.data()), text.size());
        outcome.heard(message);
        const Error refused = refusal(message.payload, module, "joe");
        LOCKSTEP_ASSERT(printable(refused.what()), "a peer's text is shown escaped");
    }
    const std::optional<std::string> path = outcome.path_of_cause();
    const auto is_listed = [](const std::string& wanted) {
        return std::any_of(list.entries.begin(), list.entries.end(),
                           [&](const Entry& entry) { return entry.path == wanted; });
    };
    LOCKSTEP_ASSERT(!path || is_listed(*path), "a path of the list");
    const PushOutcome became = outcome.take({});
    LOCKSTEP_ASSERT(became.failures.size() <= list.entries.size(), "each path fails once");
    for (const PathFailure& failure : became.failures) {
        LOCKSTEP_ASSERT(is_listed(failure.path), "a path of the list");
        LOCKSTEP_ASSERT(printable(failure.message), "a peer's text is shown escaped");
    }
    for (const std::string& line : became.unattributed)
        LOCKSTEP_ASSERT(printable(line), "a peer's text is shown escaped");
    return 0;
}
