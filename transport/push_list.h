// What to push, and what became of it: the two values that cross the border of transport.
#pragma once

#include "base/error.h"
#include "base/rare.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace lockstep::transport {

// How the receiver treats a directory entry (PROTOCOL.md 11.5).
enum class DirKind : std::uint8_t {
    plain,    // its attributes are set, nothing inside is deleted
    content,  // its complete content is in the list: with delete_extras the rest is removed
    implied,  // only a parent of something listed: left as it is
};

struct XattrValue {
    std::string name;  // with its namespace: "user.x"
    std::string value;
    bool operator==(const XattrValue&) const = default;
};

// The two ACLs of an entry in the wire's terms (PROTOCOL.md 22); entries that equal the mode are
// left out.
struct AclEntry {
    std::uint32_t id = 0;
    std::uint8_t permissions = 0;  // 0..7
    bool user = false;             // else a group
    bool operator==(const AclEntry&) const = default;
};
struct Acl {
    std::optional<std::uint8_t> user_obj;
    std::optional<std::uint8_t> group_obj;
    std::optional<std::uint8_t> mask;
    std::optional<std::uint8_t> other;
    std::vector<AclEntry> named;  // sorted: users by id, then groups by id
    bool operator==(const Acl&) const = default;
};

// A regular file whose content goes right behind the list, without waiting to be asked for: only
// where PROTOCOL.md 24.3 allows it, and without xattrs. What is known of the destination tells a
// request that may be dropped from one that says that something else was there.
enum class Unasked : std::uint8_t { no, new_file, replacement };

// How a regular file's content gets to its place there (PROTOCOL.md 16.8).
enum class Way : std::uint8_t {
    usual,     // into a file of its own, which takes the name when it is whole
    append,    // behind what is there, of which nothing is read
    in_place,  // over what is there
};

// Of a file's device, as Entry::link_dev has it: 0 is none.
constexpr std::uint64_t link_device(std::uint64_t device) noexcept
{
    return device + 1;
}

// One line of the file list. `path` is relative to the source, "." is the source itself. A first
// compare holds some ten thousand of them at a time: what few have is apart, what is small
// together.
struct Entry {
    std::string path;
    std::uint32_t mode = 0;  // st_mode; 0 deletes the path (PROTOCOL.md 19.1)
    std::uint32_t mtime_nsec = 0;
    std::int64_t mtime = 0;
    std::uint64_t size = 0;  // of a symlink the length of its target
    std::uint32_t uid = 0;
    std::uint32_t gid = 0;
    std::uint32_t rdev_major = 0;
    std::uint32_t rdev_minor = 0;
    // Hard links: equal (dev, inode) means one group; 0, 0 is none. What has the name must be that
    // file when it is asked for: all names of the group get its content.
    std::uint64_t link_dev = 0;  // link_device()
    std::uint64_t link_inode = 0;
    std::uint64_t link_count = 1;  // names the file has at the source; not on the wire
    // Of a regular file, when it was looked at: tells one content of it from another.
    std::uint64_t inode = 0;
    std::uint64_t ctime_ns = 0;
    std::uint64_t append_from = 0;  // with Way::append: as many bytes are there
    Rare<std::string> target;       // symlinks
    Rare<Acl> acl;
    Rare<Acl> default_acl;                 // directories
    Rare<std::vector<XattrValue>> xattrs;  // sorted by name
    DirKind dir_kind = DirKind::plain;
    Unasked unasked = Unasked::no;
    Way way = Way::usual;     // of sessions that were opened for it
    bool only_there = false;  // nothing of ours, or not now: declined as if it had vanished
    bool as_listed = false;   // no more than `size` bytes are sent, however long it is by then
    bool waits = false;       // for its close: not sent while somebody writes to it
    bool operator==(const Entry&) const = default;

    bool is_delete() const noexcept { return mode == 0; }
    bool is_directory() const noexcept { return (mode & 0170000) == 0040000; }
    bool is_regular() const noexcept { return (mode & 0170000) == 0100000; }
    bool is_symlink() const noexcept { return (mode & 0170000) == 0120000; }
    bool is_linked() const noexcept { return link_dev != 0 || link_inode != 0; }
    bool is_device() const noexcept
    {
        return (mode & 0170000) == 0020000 || (mode & 0170000) == 0060000;
    }
    bool is_special() const noexcept
    {
        return (mode & 0170000) == 0010000 || (mode & 0170000) == 0140000;
    }
};

// What a session is opened for; decides the argument block and the form of the list. Sessions with
// equal options can be exchanged for one another. With `auto` a session compresses where its line
// is slow when it is opened (link_speed.h), in the best form that both ends have; over a line that
// is no connection of ours it does not.
struct PushOptions {
    bool links = true;
    bool perms = true;
    bool times = true;
    bool owner = true;
    bool group = true;
    bool devices = true;
    bool specials = true;
    bool hard_links = false;
    bool acls = false;
    bool xattrs = false;
    bool sparse = false;
    bool numeric_ids = true;
    bool ignore_times = false;      // -I: every regular file of the list is transferred
    bool checksum = false;          // -c
    bool whole_file = false;        // -W
    Way way = Way::usual;           // --append (from protocol 30 on), --inplace
    std::uint32_t block_bytes = 0;  // of block sums; 0: as the daemon sees fit for each file
    std::string
        partial_dir;  // not empty: beside a file, where a lost session leaves what it has of it
    bool delete_missing = false;  // entries of mode 0 delete
    bool delete_extras =
        false;  // -r --delete: what is not listed in a content directory is removed
    std::optional<std::uint64_t> max_delete;  // with delete_extras
    std::vector<std::string> filter_rules;    // "- x", "+ y": protects at the receiver; with
                                              // delete_extras or delete_missing
    std::string compress = "none";            // none, zstd, lz4, zlibx, zlib; auto: see above
    std::string backup_dir;                   // relative to the destination
    std::string backup_suffix;
    std::string all_users;  // not empty: a name or number that everything belongs to there
    std::string all_groups;
    std::uint32_t timeout_s = 60;
    bool keeps_backups() const noexcept { return !backup_dir.empty() || !backup_suffix.empty(); }
    bool operator==(const PushOptions&) const = default;
};

struct PushList {
    std::vector<Entry> entries;  // no name twice; every parent of an entry is an entry
    int io_error =
        0;  // non-zero when the source could not be read in full: suppresses delete_extras
    // With xattrs a receiver waits for our answer before it sets what it has reported to differ
    // (PROTOCOL.md 24.4). It is not given: where one is due all the same, the path fails, to be
    // sent again without this. For a list of which only files have any.
    bool reports_unanswered = false;
    bool operator==(const PushList&) const = default;
};

// A path that did not arrive, and why; everything else of the list did.
struct PathFailure {
    std::string path;
    ErrorKind kind = ErrorKind::local;
    std::string message;    // for people, escaped
    bool vanished = false;  // gone before it was opened: no error, look at it again
    bool operator==(const PathFailure&) const = default;
};

// The daemon gave the session up over one path (no space left for it, say): without it the others
// may go.
class EndedByPath : public Error {
public:
    EndedByPath(const Error& why, std::string path) : Error(why), path_(std::move(path)) {}
    const std::string& path() const noexcept { return path_; }

private:
    std::string path_;
};

struct PushFigures {
    std::uint64_t files_sent = 0;  // regular files whose content was transferred
    std::uint64_t files_deleted = 0;
    std::uint64_t bytes_sent = 0;  // on the wire
    std::uint64_t bytes_received = 0;
    std::uint64_t literal_bytes = 0;
    std::uint64_t matched_bytes = 0;
    bool operator==(const PushFigures&) const = default;

    PushFigures& operator+=(const PushFigures& more) noexcept
    {
        files_sent += more.files_sent;
        files_deleted += more.files_deleted;
        bytes_sent += more.bytes_sent;
        bytes_received += more.bytes_received;
        literal_bytes += more.literal_bytes;
        matched_bytes += more.matched_bytes;
        return *this;
    }
};

struct PushOutcome {
    std::vector<PathFailure> failures;
    // Messages of the daemon that name no path of ours (escaped). Not empty: some path failed, we
    // do not know which.
    std::vector<std::string> unattributed;
    bool max_delete_hit = false;
    PushFigures figures;
    bool operator==(const PushOutcome&) const = default;
};

}  // namespace lockstep::transport
