// One kind of ACL (access or default) as it stands behind an entry (PROTOCOL.md 22).
#pragma once

#include "transport/push_list.h"
#include "transport/wire.h"

#include <cstdint>
#include <string>
#include <unordered_map>

namespace lockstep::transport {

// Equal ACLs are said once and referred to afterwards. One object for the access ACLs of a list,
// another one for its default ACLs: they are numbered apart.
class AclEncoder {
public:
    void put(Bytes& out, const Acl& acl);

private:
    std::unordered_map<std::string, std::int32_t> seen_;
};

}  // namespace lockstep::transport
