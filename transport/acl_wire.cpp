#include "transport/acl_wire.h"

namespace lockstep::transport {
namespace {

Bytes encoded(const Acl& acl)
{
    Bytes out;
    const auto flags = static_cast<std::uint8_t>((acl.user_obj ? 1 : 0) | (acl.group_obj ? 2 : 0) |
                                                 (acl.mask ? 4 : 0) | (acl.other ? 8 : 0) |
                                                 (acl.named.empty() ? 0 : 16));
    put_u8(out, flags);
    for (const auto& permissions : {acl.user_obj, acl.group_obj, acl.mask, acl.other})
        if (permissions) put_varint(out, *permissions);
    if (acl.named.empty()) return out;
    put_varint(out, static_cast<std::int32_t>(acl.named.size()));
    for (const AclEntry& entry : acl.named) {
        put_varint(out, static_cast<std::int32_t>(entry.id));
        put_varint(out, entry.permissions << 2 | (entry.user ? 2 : 0));
    }
    return out;
}

}  // namespace

void AclEncoder::put(Bytes& out, const Acl& acl)
{
    const Bytes literal = encoded(acl);
    std::string key(reinterpret_cast<const char*>(literal.data()), literal.size());
    const auto number = static_cast<std::int32_t>(seen_.size());
    const auto [at, is_new] = seen_.try_emplace(std::move(key), number);
    put_varint(out, is_new ? 0 : at->second + 1);
    if (is_new) put_bytes(out, literal);
}

}  // namespace lockstep::transport
