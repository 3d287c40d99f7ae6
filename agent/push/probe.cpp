#include "agent/push/probe.h"

#include "agent/push/source_files.h"

#include <memory>

namespace lockstep::push {

boost::asio::awaitable<transport::PeerFacts> probe(transport::Endpoint endpoint,
                                                   transport::PushOptions options)
{
    const Beneath anywhere("/", true);
    SourceFiles no_files(anywhere, nullptr);  // none is asked for
    const std::unique_ptr<transport::PushSession> session =
        co_await transport::connect(std::move(endpoint), std::move(options));
    const transport::PushList nothing;
    const transport::PushOutcome outcome = co_await session->push(nothing, no_files, nullptr);
    (void)outcome;
    co_return session->peer();
}

}  // namespace lockstep::push
