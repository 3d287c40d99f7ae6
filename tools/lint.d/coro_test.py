#!/usr/bin/env python3
"""What coro.py must find and what it must leave alone; silent when all is well."""
import sys

sys.dont_write_bytecode = True
from coro import findings  # noqa: E402

BAD = """
if (co_await more()) send();
while (co_await more()) send();
for (auto& x : co_await list()) use(x);
const int a = b ? co_await f() : 0;
const bool a = co_await f() && b;
const bool a = b || co_await f();
const int a = co_await f() == 3;
use(co_await f());
const int a = (co_await f()).size;
const T a{co_await f()};
const T a(co_await f());
co_await f(co_await g());
co_await f([x] { return x; });
co_await f([&](int i) { use(i); });
co_await f(Options{1});
co_await f({a, b});
co_await f(a ? b : c);
co_return {co_await f()};
auto session = [this]() -> awaitable<void> { co_await run(); };
spawn(strand, [socket, limit]() mutable -> awaitable<int> { co_return 1; });
T t{.a = co_await f()};
switch (co_await f()) { default: break; }
throw Failure(co_await f());
list.push_back(co_await f());
""".strip().split("\n")

GOOD = """
co_await f();
const bool more = co_await f();
auto [a, b] = co_await f(x, y);
this->a_ = co_await g.h(i[3]);
a.b[i] = co_await f();
co_return co_await f();
(void)co_await f();
if (more) co_await f();
if (x) { co_await f(); } else co_await g();
for (int i = 0; i < 3; ++i) co_await f(i);
while (more && !done) co_await f();
switch (x) { case 1: co_await f(); break; default: co_await g(); }
try { co_await f(); } catch (const std::exception& e) { failed = true; }
co_await f([](int i) { return i + 1; });
co_await async_read<Foo>(stream, buffer(x), use_awaitable);
auto session = []() -> awaitable<void> { co_await run(); };
auto plain = [this] { use(a_); };
spawn(strand, run(std::move(x)), [state](std::exception_ptr e) { state->end(e); });
// if (co_await more()) is what the comment says
const char* text = "co_await f() && g()";
const Options options{.limit = limit}; co_await configure(std::move(options));
struct S : B { awaitable<void> f() override { co_await g(); } };
""".strip().split("\n")


def main():
    bad = 0
    for line in BAD + GOOD:
        body = "awaitable<void> f()\n{\n    " + line + "\n}\n"
        found = list(findings(body))
        if bool(found) != (line in BAD):
            print(f"coro_test: {'missed' if line in BAD else 'wrongly found'}: {line} {found}")
            bad = 1
        elif any(number != 3 for number, _ in found):
            print(f"coro_test: wrong line: {line} {found}")
            bad = 1
    return bad


sys.exit(main())
