#include "transport/forms.h"

#include "base/error.h"
#include "base/path.h"
#include "transport/id_names.h"

#include <algorithm>

namespace lockstep::transport {

delta::Digest digest_of(const Agreed& agreed)
{
    const std::optional<delta::Digest> known = delta::digest_from_name(agreed.checksum);
    if (!known)
        throw Error(ErrorKind::protocol, Remedy::needs_person,
                    "setup: unknown checksum " + quoted(agreed.checksum));
    return *known;
}

bool appends(const PushOptions& options, const Agreed& agreed) noexcept
{
    return options.way == Way::append && agreed.protocol >= 30;
}

int last_phase(const Agreed& agreed) noexcept
{
    return agreed.protocol >= 29 ? 2 : 1;
}

FlistForm flist_form(const PushOptions& options, const Agreed& agreed)
{
    FlistForm form;
    form.protocol = agreed.protocol;
    form.varint_flags = agreed.compat.varint;
    form.safe_end = agreed.compat.safe_flist || agreed.protocol >= 31;
    form.id0_names = agreed.compat.id0_names;
    form.links = options.links;
    form.owner = options.owner;
    form.group = options.group;
    form.devices = options.devices;
    form.specials = options.specials;
    form.hard_links = options.hard_links;
    form.acls = options.acls;
    form.xattrs = options.xattrs;
    form.numeric_ids = options.numeric_ids;
    if (!options.numeric_ids) form.names = system_id_names();
    if (options.checksum) form.checksum_bytes = delta::digest_bytes(digest_of(agreed));
    return form;
}

AnswerForm answer_form(const PushOptions& options, const Agreed& agreed)
{
    AnswerForm form;
    form.protocol = agreed.protocol;
    form.overwrites = options.way != Way::usual;
    form.overwrites_parts = agreed.compat.inplace_partial_dir;
    form.digest = digest_of(agreed);
    form.seed = agreed.seed;
    form.seed_place =
        seed_place(form.digest, agreed.compat.checksum_seed_fix || agreed.compat.varint);
    return form;
}

RequestForm request_form(const PushOptions& options, const Agreed& agreed, const PushList& list)
{
    RequestForm form;
    form.protocol = agreed.protocol;
    form.xattrs = options.xattrs;
    form.avoid_xattr_optim = agreed.compat.avoid_xattr_optim;
    form.append = appends(options, agreed);
    form.entries = static_cast<std::int32_t>(list.entries.size());
    form.strong_bytes_max = std::min<std::size_t>(delta::digest_bytes(digest_of(agreed)), 16);
    for (const Entry& entry : list.entries)
        if (entry.is_regular())
            form.largest_file_bytes = std::max(form.largest_file_bytes, entry.size);
    return form;
}

}  // namespace lockstep::transport
