#include "transport/program_end.h"

#include "base/path.h"
#include "transport/peer_text.h"

#include <sys/wait.h>

#include <algorithm>
#include <array>
#include <string_view>

namespace lockstep::transport {
namespace {

constexpr std::size_t shown_bytes_max = 1000;

struct Verdict {
    ErrorKind kind = ErrorKind::unreachable;
    Remedy remedy = Remedy::retry;
    std::string_view what;
};

// What ssh says for itself (status 255); what is not here is a line that failed.
Verdict of_ssh(std::string_view words)
{
    struct Known {
        std::string_view words;
        Verdict verdict;
    };
    constexpr Verdict login{ErrorKind::auth, Remedy::needs_person, "no login"};
    constexpr Verdict host{ErrorKind::auth, Remedy::needs_person, "its host key is not trusted"};
    constexpr Verdict local{ErrorKind::local, Remedy::needs_person, "ssh's own configuration"};
    static constexpr std::array known = {
        Known{"Host key verification failed", host},
        Known{"REMOTE HOST IDENTIFICATION HAS CHANGED", host},
        Known{"Permission denied (", login},
        Known{"Too many authentication failures", login},
        Known{"Bad configuration option", local},
        Known{"Bad owner or permissions", local},
        Known{"Can't open user config file", local},
    };
    for (const Known& one : known)
        if (words.find(one.words) != std::string_view::npos) return one.verdict;
    return {ErrorKind::unreachable, Remedy::retry, "no connection"};
}

// The first line that tells one: the last only repeats the exit status.
ErrorKind kind_of_words(std::string_view words)
{
    while (!words.empty()) {
        const std::size_t end = std::min(words.find('\n'), words.size());
        const ErrorKind kind = kind_of_complaint(words.substr(0, end));
        if (kind != ErrorKind::protocol) return kind;
        words.remove_prefix(std::min(end + 1, words.size()));
    }
    return ErrorKind::protocol;
}

Verdict of_rsync(int code, std::string_view words)
{
    const ErrorKind told = kind_of_words(words);
    switch (code) {
        case 1:
        case 4:
            // A login shell that runs nothing ends with 1 as well.
            if (words.find("rsync") == std::string_view::npos)
                return {ErrorKind::auth, Remedy::needs_person, "no command is run there"};
            return {ErrorKind::refused_option, Remedy::needs_person, "rsync takes no such option"};
        case 2:
            return {ErrorKind::protocol, Remedy::needs_person, "rsync is too old"};
        case 3:
            return {told, Remedy::needs_person, "rsync takes no such destination"};
        case 11:
            return {told, Remedy::retry, "rsync cannot write there"};
        case 30:
        case 35:
            return {ErrorKind::timeout, Remedy::retry, "rsync heard nothing of us"};
        default:
            return {told == ErrorKind::protocol ? ErrorKind::unreachable : told, Remedy::retry,
                    "rsync has ended"};
    }
}

Verdict of_code(const ProgramEnd& end, int code)
{
    constexpr int failed_of_ssh = 255;
    constexpr int not_runnable = 126;
    constexpr int not_found = 127;
    if (end.reach == Reach::ssh && code == failed_of_ssh) return of_ssh(end.last_words);
    if (end.reach == Reach::ssh && (code == not_found || code == not_runnable))
        return {ErrorKind::protocol, Remedy::needs_person, "no rsync can be run there"};
    return of_rsync(code, end.last_words);
}

std::string_view without_line_end(std::string_view text)
{
    while (text.ends_with('\n') || text.ends_with('\r')) text.remove_suffix(1);
    return text;
}

}  // namespace

std::optional<Error> trouble_of(const ProgramEnd& end)
{
    constexpr int some_files_failed = 23;
    constexpr int some_files_vanished = 24;
    constexpr int deletions_stopped = 25;
    const int code = WIFEXITED(end.status) ? WEXITSTATUS(end.status) : -1;
    if (code == 0 || code == some_files_failed || code == some_files_vanished ||
        code == deletions_stopped)
        return std::nullopt;

    const std::string_view text = without_line_end(end.last_words);
    std::string words = text.empty() ? ", without a word" : ": ";
    words += escaped(text.substr(text.size() - std::min(text.size(), shown_bytes_max)));
    if (code < 0)
        return Error(
            ErrorKind::unreachable, Remedy::retry,
            end.name + ": ended by signal " + std::to_string(WTERMSIG(end.status)) + words);
    ProgramEnd trimmed = end;
    trimmed.last_words = std::string(text);
    const Verdict verdict = of_code(trimmed, code);
    return Error(verdict.kind, verdict.remedy,
                 end.name + ": " + std::string(verdict.what) + ", exit status " +
                     std::to_string(code) + words);
}

}  // namespace lockstep::transport
