#include "tests/e2e/random_changes.h"

#include "base/fd.h"
#include "tests/support/temp_tree.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <iterator>

namespace lockstep::testing {

namespace {

constexpr std::size_t steps_kept = 60;
constexpr const char* names[] = {"a", "b", "c", "dd", "e e"};
constexpr mode_t modes[] = {0644, 0600, 0755, 0700, 0444, 0640};

// The raw calls: what they refuse is part of the game.
std::string told(const std::string& what, int result)
{
    return what + (result < 0 ? " (refused)" : "");
}

int write_at(const std::string& path, int flags, std::string_view bytes)
{
    const Fd file(
        ::open(path.c_str(), O_WRONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC | flags, 0644));
    if (!file) return -1;
    return ::write(file.get(), bytes.data(), bytes.size()) < 0 ? -1 : 0;
}

}  // namespace

RandomChanges::RandomChanges(std::string source, std::string outside, std::uint64_t seed)
    : source_(std::move(source)), outside_(std::move(outside)), random_(seed)
{
}

void RandomChanges::step()
{
    last_.push_back(std::to_string(++steps_) + ": " + act());
    if (last_.size() > steps_kept) last_.pop_front();
}

std::string RandomChanges::last_steps() const
{
    std::string all;
    for (const std::string& one : last_) all += one + "\n";
    return all;
}

// One to five names deep, mostly along what is there.
std::string RandomChanges::any_path()
{
    std::string path = any_name(source_);
    for (int depth = 1; depth < 5 && below(3) != 0; ++depth) {
        struct stat status {};
        const std::string absolute = source_ + "/" + path;
        if (::lstat(absolute.c_str(), &status) < 0 || !S_ISDIR(status.st_mode)) break;
        path += "/" + any_name(absolute);
    }
    return path;
}

std::string RandomChanges::any_name(const std::string& directory)
{
    const std::vector<std::string> there = names_in(directory);
    if (!there.empty() && below(2) == 0) return there[below(there.size())];
    return names[below(std::size(names))];
}

// Mostly small; now and then enough for blocks to be matched.
std::string RandomChanges::content()
{
    const std::size_t size = below(20) == 0 ? 20'000 + below(200'000) : below(300);
    return random_bytes(size, random_());
}

std::string RandomChanges::act()
{
    using Action = std::string (RandomChanges::*)(const std::string&);
    static constexpr Action actions[] = {
        &RandomChanges::write,
        &RandomChanges::write,
        &RandomChanges::append,
        &RandomChanges::overwrite,
        &RandomChanges::truncate,
        &RandomChanges::save_over,
        &RandomChanges::make_directory,
        &RandomChanges::make_directory,
        &RandomChanges::make_filled_directory,
        &RandomChanges::link,
        &RandomChanges::fifo,
        &RandomChanges::rename,
        &RandomChanges::rename,
        &RandomChanges::rename,
        &RandomChanges::exchange,
        &RandomChanges::move_out,
        &RandomChanges::move_in,
        &RandomChanges::remove,
        &RandomChanges::replace,
        &RandomChanges::attributes,
    };
    const std::string path = any_path();
    return (this->*actions[below(std::size(actions))])(path);
}

std::string RandomChanges::write(const std::string& path)
{
    return told("write " + path, write_at(source_ + "/" + path, O_CREAT | O_TRUNC, content()));
}

std::string RandomChanges::append(const std::string& path)
{
    return told("append to " + path, write_at(source_ + "/" + path, O_APPEND, content()));
}

std::string RandomChanges::overwrite(const std::string& path)
{
    return told("overwrite " + path, write_at(source_ + "/" + path, 0, "overwritten"));
}

// Of a regular file and nothing else: the call would follow a link out of the source.
std::string RandomChanges::truncate(const std::string& path)
{
    const std::string absolute = source_ + "/" + path;
    const Fd file(::open(absolute.c_str(), O_WRONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
    const auto size = static_cast<off_t>(below(5000));
    return told("truncate " + path, file ? ::ftruncate(file.get(), size) : -1);
}

std::string RandomChanges::save_over(const std::string& path)
{
    const std::string absolute = source_ + "/" + path;
    const std::string beside = absolute + ".new";
    if (write_at(beside, O_CREAT | O_TRUNC, content()) < 0) return told("save " + path, -1);
    const int renamed = ::rename(beside.c_str(), absolute.c_str());
    if (renamed < 0) ::unlink(beside.c_str());
    return told("save " + path, renamed);
}

std::string RandomChanges::make_directory(const std::string& path)
{
    return told("mkdir " + path, ::mkdir((source_ + "/" + path).c_str(), 0755));
}

std::string RandomChanges::make_filled_directory(const std::string& path)
{
    const std::string absolute = source_ + "/" + path;
    if (::mkdir(absolute.c_str(), 0755) < 0) return told("mkdir, filled, " + path, -1);
    write_file(absolute + "/a", content());
    write_file(absolute + "/dd/b", content());
    write_file(absolute + "/dd/e e/c", content());
    return "mkdir, filled, " + path;
}

std::string RandomChanges::link(const std::string& path)
{
    const std::string target = below(2) == 0 ? any_path() : "../" + any_path();
    return told("symlink " + path + " -> " + target,
                ::symlink(target.c_str(), (source_ + "/" + path).c_str()));
}

std::string RandomChanges::fifo(const std::string& path)
{
    return told("mkfifo " + path, ::mkfifo((source_ + "/" + path).c_str(), 0644));
}

std::string RandomChanges::rename(const std::string& path)
{
    const std::string to = any_path();
    return told("mv " + path + " " + to,
                ::rename((source_ + "/" + path).c_str(), (source_ + "/" + to).c_str()));
}

std::string RandomChanges::exchange(const std::string& path)
{
    const std::string other = any_path();
    return told("exchange " + path + " " + other,
                ::renameat2(AT_FDCWD, (source_ + "/" + path).c_str(), AT_FDCWD,
                            (source_ + "/" + other).c_str(), RENAME_EXCHANGE));
}

std::string RandomChanges::move_out(const std::string& path)
{
    const std::string name = std::to_string(below(4));
    remove_tree(outside_ + "/" + name);
    return told("mv " + path + " out, as " + name,
                ::rename((source_ + "/" + path).c_str(), (outside_ + "/" + name).c_str()));
}

std::string RandomChanges::move_in(const std::string& path)
{
    const std::string name = std::to_string(below(4));
    return told("mv in " + name + ", as " + path,
                ::rename((outside_ + "/" + name).c_str(), (source_ + "/" + path).c_str()));
}

std::string RandomChanges::remove(const std::string& path)
{
    struct stat status {};
    if (::lstat((source_ + "/" + path).c_str(), &status) < 0) return told("rm -r " + path, -1);
    remove_tree(source_ + "/" + path);
    return "rm -r " + path;
}

// Something else under the same name, at once.
std::string RandomChanges::replace(const std::string& path)
{
    const std::string removed = remove(path);
    const std::size_t kind = below(4);
    return removed + "; " +
           (kind == 0   ? write(path)
            : kind == 1 ? make_filled_directory(path)
            : kind == 2 ? link(path)
                        : fifo(path));
}

std::string RandomChanges::attributes(const std::string& path)
{
    const std::string absolute = source_ + "/" + path;
    if (below(2) == 0) {
        const timespec times[2] = {{0, UTIME_OMIT},
                                   {static_cast<time_t>(1'000'000'000 + below(100'000'000)),
                                    static_cast<long>(below(1'000'000'000))}};
        return told("touch -d " + path,
                    ::utimensat(AT_FDCWD, absolute.c_str(), times, AT_SYMLINK_NOFOLLOW));
    }
    // chmod follows links; a mode of a link does not exist.
    struct stat status {};
    if (::lstat(absolute.c_str(), &status) < 0 || S_ISLNK(status.st_mode))
        return told("chmod " + path, -1);
    return told("chmod " + path,
                ::chmod(absolute.c_str(),
                        modes[below(std::size(modes))] | (S_ISDIR(status.st_mode) ? 0700 : 0)));
}

}  // namespace lockstep::testing
