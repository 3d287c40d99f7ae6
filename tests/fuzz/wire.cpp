// Numbers, strings and indices: what reads is what writing it gives back, what is cut moves
// nothing.
#include "transport/wire.h"

#include "base/assert.h"
#include "base/error.h"
#include "input.h"

using namespace lockstep;
using namespace lockstep::transport;

namespace {

// One value of the kind chosen; false when more bytes are needed.
template <class Read, class Write>
bool reads_back(Cursor& in, Read read, Write write)
{
    const std::size_t before = in.consumed();
    const auto value = read(in);
    if (!value) {
        LOCKSTEP_ASSERT(in.consumed() == before, "what is not whole moves nothing");
        return false;
    }
    LOCKSTEP_ASSERT(in.consumed() > before, "a value has bytes");
    Bytes written;
    write(written, *value);
    Cursor again(written);
    LOCKSTEP_ASSERT(read(again) == value, "it reads as it was written");
    LOCKSTEP_ASSERT(again.left() == 0, "to its last byte");
    return true;
}

bool read_one(int kind, Cursor& in)
{
    switch (kind) {
        case 0:
            return reads_back(
                in, [](Cursor& from) { return from.varint(); }, put_varint);
        case 1:
            return reads_back(
                in, [](Cursor& from) { return from.vstring(); }, put_vstring);
        case 2:
            return reads_back(
                in, [](Cursor& from) { return from.i32(); }, put_i32);
        case 3:
            return reads_back(
                in, [](Cursor& from) { return from.u16(); }, put_u16);
        default:
            return reads_back(
                in, [kind](Cursor& from) { return from.varlong(kind - 3); },
                [kind](Bytes& out, std::int64_t value) { put_varlong(out, value, kind - 3); });
    }
}

void read_indices(std::span<const std::byte> bytes, int protocol)
{
    NdxReader reader(protocol);
    NdxWriter writer(protocol);
    Bytes written;
    std::vector<std::int32_t> indices;
    try {
        Cursor in(bytes);
        while (const std::optional<std::int32_t> ndx = reader.get(in)) {
            indices.push_back(*ndx);
            writer.put(written, *ndx);
        }
    } catch (const Error&) {
        // What came before it counts.
    }
    NdxReader again(protocol);
    Cursor in(written);
    for (const std::int32_t ndx : indices)
        LOCKSTEP_ASSERT(again.get(in) == ndx, "an index reads as it was written");
    LOCKSTEP_ASSERT(in.left() == 0, "to the last byte");
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    fuzz::Input input(data, size);
    const int kind = input.choice(18);
    try {
        if (kind >= 12) {
            read_indices(input.bytes(), 27 + kind - 12);
        } else {
            Cursor in(input.bytes());
            while (read_one(kind, in)) continue;
        }
    } catch (const Error&) {
        // Refused in words: as it should be.
    }
    return 0;
}
