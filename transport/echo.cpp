#include "transport/echo.h"

#include "base/assert.h"

namespace lockstep::transport {
namespace {

void put_values(Bytes& out, const Request& request, const std::vector<std::string>& values)
{
    LOCKSTEP_ASSERT(values.size() == request.xattrs_wanted.size(),
                    "one value for each attribute that was asked for");
    std::int32_t previous = 0;
    for (std::size_t i = 0; i < values.size(); ++i) {
        put_varint(out, request.xattrs_wanted[i] - previous);
        put_varint(out, static_cast<std::int32_t>(values[i].size()));
        put_bytes(out, values[i]);
        previous = request.xattrs_wanted[i];
    }
    put_varint(out, 0);
}

}  // namespace

void put_echo(Bytes& out, NdxWriter& ndx, const Request& request,
              const std::vector<std::string>& xattr_values, int protocol)
{
    ndx.put(out, request.ndx);
    if (protocol >= 29) put_u16(out, request.iflags);
    if ((request.iflags & iflag_basis_type) != 0) put_u8(out, request.basis_type);
    if ((request.iflags & iflag_name) != 0) put_vstring(out, request.name);
    if (request.xattr_list) put_values(out, request, xattr_values);
    if (!request.wants_transfer()) return;
    for (const std::uint32_t word : {request.sums.count, request.sums.block_bytes,
                                     request.sums.strong_bytes, request.sums.remainder_bytes})
        put_i32(out, static_cast<std::int32_t>(word));
}

}  // namespace lockstep::transport
