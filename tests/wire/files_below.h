// The files below a directory, as they are when they are asked for.
#pragma once

#include "base/held_directory.h"
#include "transport/contents.h"

#include <cerrno>

namespace lockstep::wire_test {

class FilesBelow : public transport::Contents {
public:
    explicit FilesBelow(const Beneath& root) : near_(root) {}

    transport::Content open(const transport::Entry& entry) override
    {
        transport::Content content;
        struct stat status {};
        Opened opened = near_.open_file(entry.path);
        content.error = opened.error;
        if (!opened.fd || ::fstat(opened.fd.get(), &status) != 0) return content;
        if (is_same_file(entry, status))
            content.file = std::move(opened.fd);
        else
            content.error = ENOENT;
        content.size = static_cast<std::uint64_t>(status.st_size);
        return content;
    }

private:
    HeldDirectory near_;
};

}  // namespace lockstep::wire_test
