#include "transport/id_names.h"

#include <grp.h>
#include <pwd.h>

#include <cerrno>

namespace lockstep::transport {
namespace {

constexpr std::size_t record_bytes_max = 1024 * 1024;
constexpr std::size_t name_bytes_max = 255;

// `look_up(buffer)` is one of the two reentrant calls; it wants a larger buffer with ERANGE.
template <typename LookUp>
std::string name_by(LookUp look_up)
{
    std::vector<char> buffer(4096);
    for (;;) {
        const char* name = nullptr;
        const int error = look_up(buffer, name);
        if (error == ERANGE && buffer.size() < record_bytes_max) {
            buffer.resize(buffer.size() * 4);
            continue;
        }
        return name != nullptr ? std::string(name) : std::string();
    }
}

std::string user_name(std::uint32_t id)
{
    return name_by([id](std::vector<char>& buffer, const char*& name) {
        passwd record{};
        passwd* found = nullptr;
        const int error = getpwuid_r(id, &record, buffer.data(), buffer.size(), &found);
        if (found != nullptr) name = record.pw_name;
        return error;
    });
}

std::string group_name(std::uint32_t id)
{
    return name_by([id](std::vector<char>& buffer, const char*& name) {
        group record{};
        group* found = nullptr;
        const int error = getgrgid_r(id, &record, buffer.data(), buffer.size(), &found);
        if (found != nullptr) name = record.gr_name;
        return error;
    });
}

void put_name(Bytes& out, const std::string& name)
{
    put_u8(out, static_cast<std::uint8_t>(name.size()));
    put_bytes(out, name);
}

void put_id(Bytes& out, std::uint32_t id, int protocol)
{
    if (protocol >= 30)
        put_varint(out, static_cast<std::int32_t>(id));
    else
        put_i32(out, static_cast<std::int32_t>(id));
}

}  // namespace

IdNames system_id_names()
{
    return {user_name, group_name};
}

void UsedIds::put(Bytes& out, const std::function<std::string(std::uint32_t)>& name_of,
                  int protocol, bool id0_name) const
{
    const auto sendable_name = [&name_of](std::uint32_t id) {
        std::string name = name_of ? name_of(id) : std::string();
        return name.size() <= name_bytes_max ? name : std::string();
    };
    for (const std::uint32_t id : order_) {
        const std::string name = sendable_name(id);
        if (name.empty()) continue;
        put_id(out, id, protocol);
        put_name(out, name);
    }
    put_id(out, 0, protocol);
    if (id0_name) put_name(out, sendable_name(0));
}

}  // namespace lockstep::transport
