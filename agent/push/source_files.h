// The files of the source, as a session asks for them.
#pragma once

#include "agent/push/read_files.h"
#include "base/held_directory.h"
#include "transport/contents.h"

#include <set>
#include <string>
#include <vector>

namespace lockstep::push {

// Whoever waits for its close and is being written to is refused (ETXTBSY), and remembered. Small
// files are read in full where other destinations may want them too.
class SourceFiles : public transport::Contents {
public:
    // `source` must outlive it. `shared`: what other destinations have read; null: there are none.
    SourceFiles(const Beneath& source, ReadFiles* shared);

    transport::Content open(const transport::Entry& entry) override;

    // Those that wait.
    const std::set<std::string>& held() const noexcept { return held_; }

private:
    ReadFiles::Content read_all(const Fd& file, std::size_t size);

    HeldDirectory near_;
    ReadFiles* shared_;
    std::vector<std::byte> buffer_;
    std::set<std::string> held_;
};

}  // namespace lockstep::push
