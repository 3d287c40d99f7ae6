#include "transport/args.h"

#include "base/error.h"
#include "base/path.h"

#include <algorithm>
#include <array>
#include <span>

namespace lockstep::transport {
namespace {

[[noreturn]] void cannot_tell(const std::string& what)
{
    throw Error(ErrorKind::refused_option, Remedy::needs_person, what);
}

// What stands for -e: nothing but the features we understand (PROTOCOL.md 4.1). Never `i`:
// incremental recursion would make the daemon sort and number otherwise.
constexpr std::string_view features = "e.LsfxCIvu";

std::string bundle(const PushOptions& options, int protocol, const Capability& capability)
{
    std::string letters = "-";
    const auto add = [&letters](bool wanted, char letter) {
        if (wanted) letters += letter;
    };
    add(options.links, 'l');
    add(options.owner, 'o');
    add(options.group, 'g');
    add(options.devices, 'D');
    add(options.times, 't');
    add(options.perms, 'p');
    add(wants_filter_rules(options, capability), 'r');
    letters += 'R';
    add(options.hard_links, 'H');
    add(options.acls && protocol >= 30, 'A');
    add(options.xattrs && protocol >= 30, 'X');
    add(options.sparse, 'S');
    add(options.ignore_times, 'I');
    add(options.checksum, 'c');
    add(options.whole_file, 'W');
    add(options.keeps_backups(), 'b');
    add(options.compress == best_compressor ||
            (options.compress == "zlib" && !capability.chooses_compressor),
        'z');
    if (protocol >= 30) letters += features;
    return letters;
}

// What is empty is not said.
void add_value(std::vector<std::string>& args, std::string_view option, std::string_view value)
{
    if (value.empty()) return;
    if (value.find('\0') != std::string_view::npos)
        cannot_tell("a receiver cannot be told " + std::string(option) + quoted(value));
    args.emplace_back(option).append(value);
}

void add_compressor(std::vector<std::string>& args, const std::string& name,
                    const Capability& capability)
{
    if (name == "none" || name == best_compressor) return;
    if (compressor_for(name, capability) != name)
        cannot_tell("compress: " + quoted(name) + " is unknown to this daemon, use " +
                    quoted(compressor_for(name, capability)));
    if (capability.chooses_compressor)
        args.push_back("--compress-choice=" + name);
    else if (name == "zlibx")
        args.emplace_back("--new-compress");
    else if (capability.zlibx)
        args.emplace_back("--old-compress");  // with -z: alone it would open a negotiation on 3.2.x
}

// " MODULE/" inside an argument splits it in two (PROTOCOL.md 4); `path` ends with '/'.
std::size_t find_splitter(std::string_view path, std::string_view module)
{
    return path.find(" " + std::string(module) + "/");
}

// Literal for the daemon's glob. It takes backslashes off only where it finds something to expand,
// and takes the pattern for a name where nothing matches: such a directory must exist, and the "./"
// makes its creation under the pattern's name fail. Tried on 3.5.0.
std::string literal_path(std::string path, std::string_view module)
{
    path += '/';
    const bool expands = path.find_first_of("*?[") != std::string::npos ||
                         find_splitter(path, module) != std::string::npos;
    if (!expands) return path;

    std::string literal;
    std::size_t splitter = find_splitter(path, module);
    for (std::size_t i = 0; i < path.size(); ++i) {
        if (i == splitter) {
            literal += "[ ]";
            const std::size_t next = find_splitter(std::string_view(path).substr(i + 1), module);
            splitter = next == std::string::npos ? next : next + i + 1;
            continue;
        }
        if (std::string_view("*?[\\").find(path[i]) != std::string_view::npos) literal += '\\';
        literal += path[i];
    }
    return literal + "./";
}

std::string destination(std::string_view module, std::string_view path)
{
    while (path.starts_with('/')) path.remove_prefix(1);
    while (path.ends_with('/')) path.remove_suffix(1);
    if (path.find('\0') != std::string_view::npos || path.find('\n') != std::string_view::npos)
        cannot_tell("this daemon cannot be told the path " + quoted(path));
    std::string text = std::string(module) + "/";
    if (!path.empty() && path != ".") text += literal_path(std::string(path), module);
    return text;
}

std::vector<std::string> words_before_destination(const PushOptions& options, int protocol,
                                                  const Capability& capability)
{
    std::vector<std::string> args = {"--server", bundle(options, protocol, capability)};
    const auto add = [&args](bool wanted, const std::string& argument) {
        if (wanted) args.push_back(argument);
    };
    add(options.devices && !options.specials, "--no-specials");
    add(!options.devices && options.specials, "--specials");
    args.emplace_back("--force");
    add(options.delete_missing && capability.deletes_missing, "--delete-missing-args");
    add(wants_filter_rules(options, capability), "--delete");
    if (options.delete_extras && options.max_delete)
        args.push_back("--max-delete=" + std::to_string(*options.max_delete));
    // Before protocol 30 an append is verified, by reading all of the file at both ends.
    add(options.way == Way::append && protocol >= 30, "--append");
    add(options.way == Way::in_place, "--inplace");
    add(options.block_bytes > 0, "-B" + std::to_string(options.block_bytes));
    add_value(args, "--partial-dir=", options.partial_dir);
    add(options.numeric_ids, "--numeric-ids");
    add(protocol >= 30, "--no-implied-dirs");
    add(capability.compares_nanoseconds, "--modify-window=-1");
    add(options.timeout_s > 0, "--timeout=" + std::to_string(options.timeout_s));
    add_compressor(args, options.compress, capability);
    add_value(args, "--backup-dir=", options.backup_dir);
    add_value(args, "--suffix=", options.backup_suffix);
    add_value(args, "--usermap=*:", options.all_users);
    add_value(args, "--groupmap=*:", options.all_groups);
    args.emplace_back(".");
    return args;
}

std::string block_of(std::span<const std::string> args, char end)
{
    std::string block;
    for (const std::string& argument : args) block += argument + end;
    return block + end;
}

}  // namespace

std::string compressor_for(std::string_view wanted, const Capability& capability)
{
    if (wanted.empty() || wanted == "none") return "none";
    if (capability.chooses_compressor || wanted == "zlib") return std::string(wanted);
    return capability.zlibx ? "zlibx" : "zlib";
}

bool says_marks_as_rules(const PushOptions& options, const Capability& capability)
{
    return options.delete_missing && !options.delete_extras && !capability.deletes_missing;
}

bool wants_filter_rules(const PushOptions& options, const Capability& capability)
{
    return options.delete_extras || (options.delete_missing && !options.filter_rules.empty()) ||
           says_marks_as_rules(options, capability);
}

std::vector<std::string> server_args(const PushOptions& options, int protocol,
                                     std::string_view module, std::string_view path,
                                     const Capability& capability)
{
    std::vector<std::string> args = words_before_destination(options, protocol, capability);
    args.push_back(destination(module, path));
    return args;
}

std::vector<std::string> program_args(const PushOptions& options, int protocol,
                                      std::string_view path, bool asks_for_messages)
{
    if (!path.starts_with('/') || path.find('\0') != std::string_view::npos)
        cannot_tell("no absolute path: " + quoted(path));
    const Capability capability = program_capability(options.compress);
    PushOptions said = options;
    said.compress = compressor_for(options.compress, capability);
    std::vector<std::string> args = words_before_destination(said, protocol, capability);
    if (asks_for_messages) args.insert(args.end() - 1, std::string(messages_option));
    while (path.ends_with('/')) path.remove_suffix(1);
    args.push_back(std::string(path) + '/');
    return args;
}

std::string render_args(const std::vector<std::string>& args, int protocol)
{
    const char end = protocol >= 30 ? '\0' : '\n';
    // Everything before the destination, which is said in the daemon's own way.
    const std::span<const std::string> options(args.begin(), args.end() - 1);
    const bool literal = std::ranges::none_of(options, [](std::string_view word) {
        return word.find_first_of("\\\n") != std::string_view::npos;
    });
    if (literal) return block_of(args, end);

    std::vector<std::string> secluded(args.begin() + 1, args.end());
    secluded.front() = "rsync";
    return block_of(std::array{args[0], "-s" + args[1].substr(1)}, end) + block_of(secluded, '\0');
}

}  // namespace lockstep::transport
