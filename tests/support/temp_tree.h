// A temporary directory, and the file operations tests need, on byte paths.
#pragma once

#include <sys/stat.h>
#include <sys/types.h>

#include <cstdint>
#include <ctime>
#include <string>
#include <string_view>
#include <vector>

namespace lockstep::testing {

// A fresh directory: below $TMPDIR, else /dev/shm when a GiB is free there, else /tmp. Mode 0755,
// so that an agent run as another user gets in. Removed at the end with all it holds, whatever the
// modes and however deep; another file system mounted inside is not entered.
class TempDir {
public:
    TempDir();
    ~TempDir();
    TempDir(const TempDir&) = delete;
    TempDir& operator=(const TempDir&) = delete;

    const std::string& path() const noexcept { return path_; }

private:
    std::string path_;
};

// dir / "a/b" is the absolute path.
std::string operator/(const TempDir& dir, std::string_view relative);

// Each throws std::runtime_error naming call, path and errno. Paths are absolute.
void make_dirs(const std::string& path, mode_t mode = 0755);  // with parents; there already is fine
void write_file(const std::string& path, std::string_view content);  // makes parents, truncates
void append_file(const std::string& path, std::string_view content);
// Write beside and rename over, as editors save.
void replace_file(const std::string& path, std::string_view content);
std::string read_file(const std::string& path);
void rename_path(const std::string& from, const std::string& to);
void exchange_paths(const std::string& a, const std::string& b);  // RENAME_EXCHANGE
void remove_file(const std::string& path);                        // or an empty directory
void remove_tree(const std::string& path);                        // none there is fine
void make_symlink(const std::string& target, const std::string& path);
void make_hard_link(const std::string& existing, const std::string& path);
void make_fifo(const std::string& path, mode_t mode = 0644);
void set_mode(const std::string& path, mode_t mode);
void set_owner(const std::string& path, uid_t uid, gid_t gid);  // does not follow
void set_xattr(const std::string& path, const std::string& name, std::string_view value);
// Nobody may change it until it is taken back, root included, nor what is directly in it. False
// where the file system or the user cannot.
bool set_immutable(const std::string& path, bool on);
void set_mtime(const std::string& path, timespec mtime);  // does not follow; atime untouched
timespec mtime_of(const std::string& path);
struct stat status_of(const std::string& path);  // lstat
std::string link_target(const std::string& path);
bool exists(const std::string& path);                        // lstat; false only on ENOENT, ENOTDIR
std::vector<std::string> names_in(const std::string& path);  // sorted, without . and ..

// The same seed gives the same bytes; incompressible.
std::string random_bytes(std::size_t size, std::uint64_t seed);

}  // namespace lockstep::testing
