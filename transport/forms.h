// What was agreed, in the forms that the parts of a push take.
#pragma once

#include "transport/answer.h"
#include "transport/flist.h"
#include "transport/handshake.h"
#include "transport/push_list.h"
#include "transport/requests.h"

namespace lockstep::transport {

// Throws Error(protocol, needs_person) for a digest that we do not know.
delta::Digest digest_of(const Agreed& agreed);

// Older daemons are not told to append (args.h), and send the sums of what they have.
bool appends(const PushOptions& options, const Agreed& agreed) noexcept;

// The number of the last phase (PROTOCOL.md 17).
int last_phase(const Agreed& agreed) noexcept;

FlistForm flist_form(const PushOptions& options, const Agreed& agreed);
AnswerForm answer_form(const PushOptions& options, const Agreed& agreed);
RequestForm request_form(const PushOptions& options, const Agreed& agreed, const PushList& list);

}  // namespace lockstep::transport
