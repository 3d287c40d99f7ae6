#include "tests/convergence/operation_maker.h"

#include <dirent.h>
#include <sys/stat.h>

#include <iterator>
#include <memory>
#include <vector>

namespace lockstep::testing {

namespace {

using Kind = Operation::Kind;

constexpr std::size_t depth_max = 6;
constexpr std::uint64_t links_max = 200;

// The last ones bite: shells, terminals, patterns, encodings, limits and daemons' temporary names.
const std::string& name(std::size_t number)
{
    static const std::string names[] = {"a",
                                        "b",
                                        "c",
                                        "dd",
                                        "e e",
                                        "x.tmp",
                                        "hidden",
                                        ".dot",
                                        "-rf",
                                        "*?[x]",
                                        "back\\slash",
                                        "new\nline",
                                        "\xff\xfe",
                                        "\xc3\xbc",
                                        ".a.XXXXXX",
                                        " blank last ",
                                        "#now",
                                        "..two",
                                        std::string(255, 'n')};
    return names[number % std::size(names)];
}

constexpr std::size_t common_names = 5;

constexpr mode_t modes[] = {0644, 0600, 0755, 0700, 0444, 0640, 0000, 04755, 02775, 01777};

constexpr Kind kinds[] = {
    Kind::write,   Kind::write,     Kind::write,     Kind::write_slowly, Kind::append,
    Kind::append,  Kind::overwrite, Kind::rewrite,   Kind::truncate,     Kind::save,
    Kind::save,    Kind::make_dirs, Kind::make_dirs, Kind::make_tree,    Kind::make_tree,
    Kind::symlink, Kind::hard_link, Kind::fifo,      Kind::rename,       Kind::rename,
    Kind::rename,  Kind::rename,    Kind::renew,     Kind::exchange,     Kind::rotate,
    Kind::remove,  Kind::remove,    Kind::replace,   Kind::mode,         Kind::owner,
    Kind::touch,   Kind::xattr,
};

struct CloseDirectory {
    void operator()(DIR* directory) const { ::closedir(directory); }
};

// It may go while it is read: then there are fewer.
std::vector<std::string> names_there(const std::string& directory)
{
    std::vector<std::string> names;
    const std::unique_ptr<DIR, CloseDirectory> stream(::opendir(directory.c_str()));
    if (!stream) return names;
    while (const dirent* entry = ::readdir(stream.get())) {
        const std::string one = static_cast<const char*>(entry->d_name);
        if (one != "." && one != ".." && one != anchor && one != links_directory)
            names.push_back(one);
    }
    return names;
}

// The same file is there afterwards.
bool keeps_the_name(Kind kind)
{
    switch (kind) {
        case Kind::write:
        case Kind::write_slowly:
        case Kind::append:
        case Kind::overwrite:
        case Kind::truncate:
        case Kind::mode:
        case Kind::owner:
        case Kind::touch:
        case Kind::xattr:
            return true;
        default:
            return false;
    }
}

bool is_directory(const std::string& path)
{
    struct stat status {};
    return ::lstat(path.c_str(), &status) == 0 && S_ISDIR(status.st_mode);
}

}  // namespace

OperationMaker::OperationMaker(std::string source, std::uint64_t seed, unsigned moves)
    : source_(std::move(source)), random_(seed), moves_(moves)
{
}

std::string OperationMaker::any_name(const std::string& directory)
{
    const std::vector<std::string> there = names_there(directory);
    if (!there.empty() && below(2) == 0) return there[below(there.size())];
    return name(below(4) != 0 ? below(common_names) : below(100));
}

std::string OperationMaker::any_link()
{
    return std::string(links_directory) + "/" + std::to_string(below(links_max));
}

// Mostly along what is there.
std::string OperationMaker::any_path()
{
    std::string path = any_name(source_);
    for (std::size_t depth = 1; depth < depth_max && below(3) != 0; ++depth) {
        const std::string absolute = source_ + "/" + path;
        if (!is_directory(absolute)) break;
        path += "/" + any_name(absolute);
    }
    return path;
}

// Mostly small; now and then enough for blocks to be matched, or for a transfer to be cut in two.
std::uint64_t OperationMaker::any_size()
{
    if (moves_ > 1 && below(6) == 0) return 200'000 + below(300'000);
    const std::uint64_t dice = below(200);
    if (dice == 0) return 1'000'000 + below(3'000'000);
    if (dice < 12) return 20'000 + below(200'000);
    return below(300);
}

Operation::Kind OperationMaker::any_kind()
{
    constexpr Kind moving[] = {Kind::rename, Kind::rename,   Kind::rename,
                               Kind::rename, Kind::exchange, Kind::rotate};
    const std::size_t number = below(std::size(kinds) + (moves_ - 1) * std::size(moving));
    return number < std::size(kinds) ? kinds[number] : moving[number % std::size(moving)];
}

Operation OperationMaker::next()
{
    Operation operation;
    operation.kind = any_kind();
    operation.path = keeps_the_name(operation.kind) && below(10) == 0 ? any_link() : any_path();
    operation.seed = random_();
    fill_in(operation);
    return operation;
}

void OperationMaker::fill_in(Operation& operation)
{
    switch (operation.kind) {
        case Kind::write_slowly:
            operation.number = below(40);
            [[fallthrough]];
        case Kind::write:
        case Kind::append:
        case Kind::overwrite:
        case Kind::save:
        case Kind::rotate:
            operation.size = any_size();
            break;
        case Kind::rewrite:
        case Kind::make_tree:
            operation.size = 1 + below(300);
            break;
        case Kind::truncate:
            operation.size = below(5000);
            break;
        case Kind::make_dirs:
            if (below(3) == 0) operation.path += "/" + name(below(common_names)) + "/deep/er";
            break;
        case Kind::symlink:
            operation.other = (below(2) == 0 ? "" : "../") + any_path();
            break;
        case Kind::hard_link:
            operation.other = any_link();
            break;
        case Kind::exchange:
            operation.other = any_path();
            break;
        case Kind::renew:
            operation.number = below(40);
            operation.size = 1 + below(300);
            [[fallthrough]];
        case Kind::rename: {
            // One in six goes out of the source, one comes in.
            const std::string outside = "../outside/" + std::to_string(below(3));
            const std::uint64_t dice = below(6);
            operation.other = dice == 0 ? outside : any_path();
            if (dice == 1) operation.path = outside;
            break;
        }
        case Kind::replace:
            operation.number = below(4);
            operation.size = below(300);
            break;
        case Kind::mode:
            operation.number = modes[below(std::size(modes))];
            break;
        case Kind::owner:
            operation.number = below(3);
            break;
        case Kind::touch:
            operation.number = 1'000'000'000 + below(100'000'000);
            break;
        case Kind::xattr:
            operation.size = below(4) == 0 ? 0 : 1 + below(60);
            break;
        case Kind::fifo:
        case Kind::remove:
            break;
    }
}

}  // namespace lockstep::testing
