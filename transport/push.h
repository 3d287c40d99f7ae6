// One list over a session that is set up: from the filter rules to the final goodbye.
#pragma once

#include "transport/contents.h"
#include "transport/endpoint.h"
#include "transport/handshake.h"
#include "transport/inbox.h"
#include "transport/push_list.h"
#include "transport/push_session.h"

namespace lockstep::transport {

// The session that it goes over. `agreed` may get its seed while a push is under way.
struct PushLine {
    const Endpoint& endpoint;
    const PushOptions& options;
    const Agreed& agreed;
    Inbox& inbox;
    Stream& stream;
};

// As PushSession::push(). What `line` refers to must outlive the call too.
asio::awaitable<PushOutcome> push_over(PushLine line, const PushList& list, Contents& contents,
                                       Progress* progress);

}  // namespace lockstep::transport
