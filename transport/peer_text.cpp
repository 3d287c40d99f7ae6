#include "transport/peer_text.h"

#include "base/path.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <initializer_list>

namespace lockstep::transport {
namespace {

std::string_view without_line_end(std::string_view text)
{
    while (text.ends_with('\n') || text.ends_with('\r')) text.remove_suffix(1);
    return text;
}

bool drop_prefix(std::string_view& text, std::string_view prefix)
{
    if (!text.starts_with(prefix)) return false;
    text.remove_prefix(prefix.size());
    return true;
}

// "rsync: [receiver] " since 3.2.4, "rsync: " before; then perhaps the function that speaks.
std::string_view without_speaker(std::string_view text)
{
    drop_prefix(text, "rsync: ");
    for (const std::string_view speaker : {"[generator] ", "[receiver] ", "[Receiver] ",
                                           "[sender] ", "recv_generator: ", "recv_files: "})
        drop_prefix(text, speaker);
    return text;
}

// The first of `openings` that occurs, and what stands between it and `closing`. `last`: the last
// closing counts, since a name may contain anything.
std::optional<std::string_view> between(std::string_view text, std::string_view opening,
                                        std::string_view closing, bool last)
{
    const std::size_t begin = text.find(opening);
    if (begin == std::string_view::npos) return std::nullopt;
    const std::string_view rest = text.substr(begin + opening.size());
    const std::size_t end = last ? rest.rfind(closing) : rest.find(closing);
    if (end == std::string_view::npos) return std::nullopt;
    return rest.substr(0, end);
}

// A path as the daemon shows it for people begins at the module: "/sub/a" in a destination "sub".
std::optional<std::string> relative(std::string_view shown, std::string_view destination)
{
    while (destination.starts_with('/')) destination.remove_prefix(1);
    while (destination.ends_with('/')) destination.remove_suffix(1);
    const bool from_module = shown.starts_with('/');
    while (shown.starts_with('/')) shown.remove_prefix(1);
    if (!destination.empty() && destination != ".") {
        const bool inside = shown.starts_with(destination) && (shown.size() == destination.size() ||
                                                               shown[destination.size()] == '/');
        if (inside)
            shown.remove_prefix(std::min(shown.size(), destination.size() + 1));
        else if (from_module)
            return std::nullopt;
    }
    while (shown.ends_with('/')) shown.remove_suffix(1);
    return shown.empty() ? std::string(".") : std::string(shown);
}

bool is_temp_end(std::string_view end)
{
    const auto digit = [](char c) { return c >= '0' && c <= '9'; };
    const auto alphanumeric = [&digit](char c) {
        return digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    };
    if (end.size() == 6 && std::ranges::all_of(end, alphanumeric)) return true;
    // Of what is no file: the process id.
    return !end.empty() && std::ranges::all_of(end, digit);
}

// Names that a temp name ".NAME.XXXXXX" can stand for; a leading dot of the name is not doubled.
std::vector<std::string> behind_temp_name(std::string_view path)
{
    const std::size_t slash = path.rfind('/');
    const std::string directory(slash == std::string_view::npos ? "" : path.substr(0, slash + 1));
    const std::string_view name = slash == std::string_view::npos ? path : path.substr(slash + 1);
    const std::size_t dot = name.rfind('.');
    if (!name.starts_with('.') || dot < 2 || dot == std::string_view::npos ||
        !is_temp_end(name.substr(dot + 1)))
        return {};
    const std::string stem(name.substr(1, dot - 1));
    return {directory + stem, directory + "." + stem};
}

void be_about(PeerComplaint& complaint, std::vector<std::string> candidates)
{
    if (candidates.empty()) return;
    complaint.path = std::move(candidates.front());
    candidates.erase(candidates.begin());
    complaint.others = std::move(candidates);
}

// Sentences with a path behind a colon or between quotes, relative to the destination already.
bool understand_plain(std::string_view text, PeerComplaint& complaint)
{
    struct Form {
        std::string_view opening;
        std::string_view closing;
        ErrorKind kind;
        bool whole_tree;
    };
    static constexpr std::array forms = {
        Form{"cannot delete non-empty directory: ", "", ErrorKind::permission, false},
        Form{"could not make way for new directory: ", "", ErrorKind::permission, true},
        Form{"skipping non-regular file \"", "\"", ErrorKind::refused_option, false},
        Form{"skipping directory ", "", ErrorKind::refused_option, true},
        Form{"skipping overly long name: ", "", ErrorKind::protocol, false},
        Form{"ERROR: daemon refused to receive directory \"", "\"", ErrorKind::permission, true},
        Form{"ERROR: daemon refused to receive ", "\"", ErrorKind::permission, false},
        Form{"skipping daemon-excluded directory \"", "\"", ErrorKind::permission, true},
        Form{"skipping daemon-excluded ", "\"", ErrorKind::permission, false},
        Form{"skipping server-excluded directory \"", "\"", ErrorKind::permission, true},
        Form{"skipping server-excluded ", "\"", ErrorKind::permission, false},
        Form{"ABORTING due to invalid path from sender: ", "", ErrorKind::protocol, false},
        Form{"ABORTING due to unsafe pathname from sender: ", "", ErrorKind::protocol, false},
        Form{"delete_file: unlink(", ") failed: ", ErrorKind::protocol, false},
        Form{"delete_file: rmdir(", ") failed: ", ErrorKind::protocol, false},
        Form{"could not make way for ", "", ErrorKind::permission, false},
    };
    for (const Form& form : forms) {
        std::string_view rest = text;
        if (!drop_prefix(rest, form.opening)) continue;
        // "new regular file: x", "file \"x\"": what kind it is stands between.
        if (form.opening == "could not make way for ") {
            const std::size_t colon = rest.find(": ");
            if (colon == std::string_view::npos) continue;
            rest.remove_prefix(colon + 2);
        } else if (form.closing == "\"" && !form.opening.ends_with('"')) {
            const std::size_t quote = rest.find('"');
            if (quote == std::string_view::npos) continue;
            rest.remove_prefix(quote + 1);
        }
        if (!form.closing.empty()) {
            const std::size_t end = rest.rfind(form.closing);
            if (end == std::string_view::npos) continue;
            rest = rest.substr(0, end);
        }
        complaint.path = std::string(rest);
        complaint.whole_tree = form.whole_tree;
        complaint.not_empty = form.opening.starts_with("cannot delete non-empty");
        complaint.kind = form.kind != ErrorKind::protocol ? form.kind : kind_of_complaint(text);
        return true;
    }
    return false;
}

// "ERROR: NAME failed verification -- update discarded." and its WARNING, after which it is asked
// for again.
bool understand_verification(std::string_view text, PeerComplaint& complaint)
{
    const std::size_t end = text.rfind(" failed verification -- update ");
    if (end == std::string_view::npos) return false;
    complaint.is_failure = !text.ends_with("(will try again).");
    const std::size_t colon = text.find(": ");
    const std::size_t begin = colon < end ? colon + 2 : 0;
    complaint.path = std::string(text.substr(begin, end - begin));
    return true;
}

// "set_acl: xacl_set(NAME, ACL_TYPE_ACCESS): …", before 3.5 "sys_acl_set_file(…".
bool understand_acl(std::string_view text, PeerComplaint& complaint)
{
    if (!text.starts_with("set_acl: ") && !text.starts_with("get_acl: ")) return false;
    const auto path = between(text, "(", ", ACL_TYPE_", true);
    if (!path) return false;
    std::vector<std::string> candidates = behind_temp_name(*path);
    candidates.insert(candidates.begin(), std::string(*path));
    be_about(complaint, std::move(candidates));
    complaint.kind = kind_of_complaint(text);
    return true;
}

// VERB "PATH" (in MODULE) …: most complaints about a system call.
bool understand_call(std::string_view text, std::string_view module, std::string_view destination,
                     PeerComplaint& complaint)
{
    const std::string in_module =
        module.empty() ? std::string("\"") : "\" (in " + std::string(module) + ")";
    const std::string_view verb = text.substr(0, text.find('"'));
    // These name a second path or a text of ours behind the first.
    const bool two_names = verb.starts_with("symlink") || verb.starts_with("rename") ||
                           verb.starts_with("link") || verb.starts_with("hard_link");
    const auto shown = between(text, "\"", in_module, !two_names);
    if (!shown) return false;
    complaint.kind = kind_of_complaint(text);
    complaint.whole_tree = verb.starts_with("mkdir");
    const std::optional<std::string> path = relative(*shown, destination);
    if (!path) return true;

    // The name that was meant is the target of a rename, shown plainly or with all its trimmings.
    const std::size_t arrow = text.find(in_module + " -> \"");
    if (verb.starts_with("rename") && arrow != std::string_view::npos) {
        std::string_view target = text.substr(arrow + in_module.size() + 5);
        if (drop_prefix(target, "\"")) {
            target = target.substr(0, target.rfind(in_module + "\" failed"));
            const std::optional<std::string> name = relative(target, destination);
            if (name) be_about(complaint, {*name});
        } else {
            be_about(complaint, {std::string(target.substr(0, target.rfind("\": ")))});
        }
        return true;
    }
    std::vector<std::string> candidates = behind_temp_name(*path);
    const bool surely_temp = verb.starts_with("mkstemp");
    if (!surely_temp) candidates.insert(candidates.begin(), *path);
    be_about(complaint, std::move(candidates));
    return true;
}

bool is_harmless(std::string_view text)
{
    static constexpr std::array<std::string_view, 7> openings = {
        "*** Skipping any contents from this failed directory ***",  // mkdir's failure says it
        "*** Skipping everything below this failed directory ***",
        "WARNING: parent dir is absent in the file list: ",
        "file has vanished: ",
        "IO error encountered -- skipping file deletion",
        "deleting ",
        "created directory ",
    };
    return text.empty() || std::ranges::any_of(openings, [text](std::string_view opening) {
               return text.starts_with(opening);
           });
}

}  // namespace

ErrorKind kind_of_complaint(std::string_view text)
{
    text = without_line_end(text);
    const std::size_t open = text.rfind(" (");
    if (open == std::string_view::npos || !text.ends_with(')')) return ErrorKind::protocol;
    int error = 0;
    const char* const end = text.data() + text.size() - 1;
    const auto [stopped, failure] = std::from_chars(text.data() + open + 2, end, error);
    if (failure != std::errc() || stopped != end) return ErrorKind::protocol;
    switch (error) {
        case EACCES:
        case EPERM:
        case EROFS:
        case EOPNOTSUPP:
            return ErrorKind::permission;
        case ENOSPC:
        case EDQUOT:
            return ErrorKind::no_space;
        case EBUSY:
        case ETXTBSY:
            return ErrorKind::busy;
        default:
            return ErrorKind::protocol;
    }
}

PeerComplaint understand(std::string_view text, std::string_view module,
                         std::string_view destination_path)
{
    text = without_line_end(text);
    PeerComplaint complaint;
    if (is_harmless(text)) return complaint;
    if (text.starts_with("Deletions stopped due to --max-delete limit")) {
        complaint.max_delete = true;
        complaint.kind = ErrorKind::max_delete;
        return complaint;
    }
    complaint.is_failure = true;
    text = without_speaker(text);
    [[maybe_unused]] const bool understood =
        understand_plain(text, complaint) || understand_verification(text, complaint) ||
        understand_acl(text, complaint) ||
        understand_call(text, module, destination_path, complaint);
    return complaint;
}

std::vector<std::string> blamed(const PeerComplaint& complaint, const Listed& list)
{
    std::vector<std::string> found;
    if (!complaint.path) return found;
    if (list.is_listed(*complaint.path)) found.push_back(*complaint.path);
    for (const std::string& other : complaint.others)
        if (list.is_listed(other)) found.push_back(other);
    if (!found.empty()) return found;
    for (std::string_view above = parent_of(*complaint.path); !above.empty();
         above = parent_of(above)) {
        if (!list.is_deleted(std::string(above))) continue;
        found.emplace_back(above);
        break;
    }
    return found;
}

}  // namespace lockstep::transport
