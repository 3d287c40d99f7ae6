// A program's standard input and output as a Stream.
#pragma once

#include "transport/endpoint.h"
#include "transport/stream.h"

#include <memory>
#include <string>
#include <vector>

namespace lockstep::transport {

// Starts `argv`; `name` is the stream's peer(). Throws Error(local, needs_person) when it cannot be
// started, Error(local, retry) when only now.
//
// When the program ends, so does the stream: with what its status and its last words mean
// (program_end.h), or in good order. Failing or destroying the stream closes both of its
// directions; a program that does not end by that is told to, and killed at last, with whatever it
// started. It is reaped in any case: the executor has work until then, and where there is no
// executor any more its end is not waited for.
std::unique_ptr<Stream> run_program(asio::any_io_executor executor, Reach reach,
                                    const std::vector<std::string>& argv, std::string name);

}  // namespace lockstep::transport
