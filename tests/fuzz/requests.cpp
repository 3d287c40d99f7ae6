// The generator's stream: every item within the bounds of its list, however the bytes are cut.
#include "transport/requests.h"

#include "base/assert.h"
#include "base/error.h"
#include "input.h"
#include "transport/echo.h"

using namespace lockstep;
using namespace lockstep::transport;

namespace {

void check(const Request& request, const RequestForm& form)
{
    LOCKSTEP_ASSERT(request.ndx >= 0 && request.ndx < form.entries, "an index of the list");
    LOCKSTEP_ASSERT(request.name.size() <= 4095, "a name that a path can have");
    LOCKSTEP_ASSERT(request.xattrs_wanted.size() <= 65'536, "no endless list of attributes");
    for (const std::int32_t number : request.xattrs_wanted)
        LOCKSTEP_ASSERT(number > 0, "attributes count from 1");
    const delta::BlockSums& sums = request.sums;
    LOCKSTEP_ASSERT(sums.weak.size() <= sums.count, "no sum too many");
    LOCKSTEP_ASSERT(sums.strong.size() == sums.weak.size() * sums.strong_bytes, "in pairs");
    LOCKSTEP_ASSERT(
        sums.count == 0 || (sums.block_bytes > 0 && sums.block_bytes <= 1U << 29 &&
                            sums.strong_bytes > 0 && sums.strong_bytes <= form.strong_bytes_max &&
                            sums.remainder_bytes <= sums.block_bytes),
        "a head that can be");
}

// What came of it: the echoes, and how it ended.
struct Understood {
    Bytes echoes;
    std::size_t items = 0;
    bool refused = false;
    bool operator==(const Understood&) const = default;
};

Understood understood(const RequestForm& form, std::span<const std::byte> stream, std::size_t piece)
{
    Understood result;
    RequestDecoder decoder(form);
    NdxWriter ndx(form.protocol);
    try {
        while (!stream.empty()) {
            const auto next = stream.first(std::min(piece, stream.size()));
            stream = stream.subspan(next.size());
            decoder.feed(next);
            while (const std::optional<GeneratorItem> item = decoder.next()) {
                ++result.items;
                const auto* request = std::get_if<Request>(&*item);
                if (request == nullptr) continue;
                check(*request, form);
                const std::vector<std::string> values(request->xattrs_wanted.size(), "value");
                put_echo(result.echoes, ndx, *request, values, form.protocol);
            }
        }
    } catch (const Error&) {
        result.refused = true;
    }
    return result;
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    fuzz::Input input(data, size);
    RequestForm form;
    form.protocol = 32 - input.choice(6);
    const int flags = input.choice(4);
    form.xattrs = (flags & 1) != 0;
    form.avoid_xattr_optim = (flags & 2) == 0;
    form.entries = input.choice(256);
    const auto piece = static_cast<std::size_t>(input.choice(40)) + 1;

    const Understood whole = understood(form, input.bytes(), size + 1);
    LOCKSTEP_ASSERT(understood(form, input.bytes(), piece) == whole, "however it is cut");
    LOCKSTEP_ASSERT(whole.items <= size, "no item without a byte");
    return 0;
}
