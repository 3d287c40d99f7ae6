#include "transport/xattr_wire.h"

#include "delta/strong_sum.h"

#include <functional>

namespace lockstep::transport {
namespace {

constexpr std::size_t whole_value_bytes_max = 32;

std::size_t hash_of(const std::vector<XattrValue>& attributes)
{
    std::size_t hash = attributes.size();
    const std::hash<std::string> of;
    for (const XattrValue& attribute : attributes)
        hash = (hash * 31 + of(attribute.name)) * 31 + of(attribute.value);
    return hash;
}

// Unseeded md5, whatever digest was negotiated.
void put_digest(Bytes& out, const std::string& value)
{
    delta::FileDigest digest(delta::Digest::md5);
    digest.update(std::as_bytes(std::span(value)));
    const delta::Sum sum = digest.finish();
    put_bytes(out, std::span(sum).first(delta::digest_bytes(delta::Digest::md5)));
}

void put_set(Bytes& out, const std::vector<XattrValue>& attributes)
{
    put_varint(out, static_cast<std::int32_t>(attributes.size()));
    for (const XattrValue& attribute : attributes) {
        put_varint(out, static_cast<std::int32_t>(attribute.name.size() + 1));
        put_varint(out, static_cast<std::int32_t>(attribute.value.size()));
        put_bytes(out, attribute.name);
        put_u8(out, 0);
        if (attribute.value.size() <= whole_value_bytes_max)
            put_bytes(out, attribute.value);
        else
            put_digest(out, attribute.value);
    }
}

}  // namespace

std::uint32_t XattrSets::put(Bytes& out, const std::vector<XattrValue>& attributes)
{
    const std::size_t hash = hash_of(attributes);
    const auto [begin, end] = by_hash_.equal_range(hash);
    for (auto at = begin; at != end; ++at) {
        if (sets_[at->second] != attributes) continue;
        put_varint(out, static_cast<std::int32_t>(at->second + 1));
        return at->second;
    }
    const auto number = static_cast<std::uint32_t>(sets_.size());
    sets_.push_back(attributes);
    by_hash_.emplace(hash, number);
    put_varint(out, 0);
    put_set(out, attributes);
    return number;
}

const std::string* XattrSets::value(std::uint32_t set, std::int32_t number) const
{
    if (set >= sets_.size() || number < 1) return nullptr;
    const std::vector<XattrValue>& attributes = sets_[set];
    const auto at = static_cast<std::size_t>(number) - 1;
    return at < attributes.size() ? &attributes[at].value : nullptr;
}

}  // namespace lockstep::transport
