#include "transport/capability.h"

namespace lockstep::transport {

Capability capability_from(const Greeting& theirs, int protocol)
{
    const bool names_digests = !theirs.digests.empty();
    Capability can;
    can.daemon_protocol = theirs.protocol;
    can.deletes_missing = theirs.protocol >= 31;
    // Known from 3.1.3 on, but 3.1.0 .. 3.1.2 greet alike. Those take it for a window below zero,
    // in which no two times are equal: they compare the content of what they could have skipped,
    // which costs time and is right. Left out, later ones would miss a change within the second of
    // the last (PROTOCOL.md 27, trap 21).
    can.compares_nanoseconds = protocol >= 31;
    // 3.2.0 .. 3.2.6 could do these too, but cannot be told from 3.1.x, which would end the
    // session.
    can.chooses_compressor = names_digests;
    // 3.1.0 lacks it; it was replaced within a year.
    can.zlibx = theirs.protocol >= 31;
    return can;
}

Capability program_capability(std::string_view compressor)
{
    Capability can;
    can.daemon_protocol = protocol_max;
    can.deletes_missing = true;
    can.compares_nanoseconds = true;
    can.chooses_compressor = compressor == "zstd" || compressor == "lz4";
    can.zlibx = true;
    return can;
}

}  // namespace lockstep::transport
