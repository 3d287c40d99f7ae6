// One file operation as a value: it can be done, told, and done again.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>

namespace lockstep::testing {

struct Operation {
    enum class Kind {
        write,         // opened with O_TRUNC, written, closed
        write_slowly,  // the same in pieces, `number` ms between them
        append,
        overwrite,  // some bytes somewhere, the size stays
        rewrite,    // other bytes of the same size, and the old mtime put back
        truncate,   // to `size`
        save,       // written beside and renamed over
        make_dirs,  // as mkdir -p
        make_tree,  // a directory with something in it
        symlink,    // to `other`
        hard_link,  // `path` gets the further name `other`
        fifo,
        rename,    // to `other`, whatever is there
        renew,     // the same, and `number` ms later a directory with something in its place
        exchange,  // with `other`, in one step
        rotate,    // path.1 to path.2, path to path.1, and a new path: as logs are
        remove,    // with all below it
        replace,   // removed, and something of another kind in its place
        mode,      // `number`
        owner,     // `number`, user and group
        touch,     // `number` seconds after the epoch, `seed` nanoseconds
        xattr,     // set, or removed when `size` is 0
    };

    Kind kind = Kind::write;
    std::string path{};  // relative to the source; "../outside/0" is outside of it
    std::string other{};
    std::uint64_t size = 0;
    std::uint64_t seed = 0;    // of the bytes
    std::uint64_t number = 0;  // what the kind says
    bool operator==(const Operation&) const = default;
};

// Does it below `source`. What the kernel refuses is part of the game: it answers false, and never
// throws.
bool perform(const Operation& operation, const std::string& source);

// A line for people: "rename 'a/b' to 'c'".
std::string describe(const Operation& operation);

}  // namespace lockstep::testing
