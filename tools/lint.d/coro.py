#!/usr/bin/env python3
"""Coroutine forms that g++ 12.2 compiles into a crash, and others that outlive what they use.

The rule is positive: a co_await is a whole statement, the whole right-hand side of one `=`, or the
operand of co_return; its operand holds no condition, no braces, no lambda with captures and no second
co_await. Besides, a lambda with captures is never itself a coroutine: its captures die with it.

    tools/lint.d/coro.py FILE…      one line a finding; exit 1 if there is any
"""
import re
import sys

TOKEN = re.compile(r"""
      (?P<skip> //[^\n]* | /\*.*?\*/ | \s+ | ^\s*\#(?:[^\n\\]|\\.)* )
    | (?P<text> (?:u8|[uUL])?R"(?P<tag>[^(\s]*)\(.*?\)(?P=tag)" | "(?:\\.|[^"\\\n])*" | '(?:\\.|[^'\\\n])*' )
    | (?P<word> [A-Za-z_]\w* )
    | (?P<number> \d[\w.']* )
    | (?P<mark> && | \|\| | == | != | <= | >= | -> | :: | [-+*/%&|^]= | . )
""", re.S | re.X | re.M)
OPEN = {"(": ")", "[": "]", "{": "}"}
CONTROL = {"if", "while", "for", "switch"}


class Token:
    __slots__ = ("text", "line", "pair")

    def __init__(self, text, line):
        self.text, self.line, self.pair = text, line, None


def tokens_of(source):
    """The tokens with their lines; each bracket knows the index of its partner."""
    tokens, line, still_open = [], 1, []
    for match in TOKEN.finditer(source):
        text = match.group()
        if not match.group("skip"):
            if match.group("text"):
                text = '""'
            if text in OPEN:
                still_open.append(len(tokens))
            elif text in OPEN.values() and still_open:
                begin = still_open.pop()
                tokens[begin].pair = len(tokens)
                tokens.append(Token(text, line))
                tokens[-1].pair = begin
                continue
            tokens.append(Token(text, line))
        line += match.group().count("\n")
    return tokens


def is_lambda(tokens, at):
    """`[` begins a lambda unless it follows something that can be indexed, or declares a binding."""
    if tokens[at].text != "[" or tokens[at].pair is None:
        return False
    before = tokens[at - 1].text if at else ""
    indexable = before in (")", "]", '""') or re.fullmatch(r"\w+", before) and before not in (
        "return", "co_return", "co_await", "co_yield", "case", "else")
    attribute = before == "[" or tokens[at + 1].text == "["
    after = tokens[tokens[at].pair + 1].text if tokens[at].pair + 1 < len(tokens) else ""
    return not indexable and not attribute and after in ("(", "{", "<", "mutable", "->")


def lambda_body(tokens, at):
    """The indices of the braces of a lambda's body; none when there is none before the statement ends."""
    i = tokens[at].pair + 1
    while i < len(tokens) and tokens[i].text not in (";", ")", "}"):
        if tokens[i].text == "{":
            return (i, tokens[i].pair) if tokens[i].pair else None
        i = tokens[i].pair + 1 if tokens[i].text in OPEN and tokens[i].pair else i + 1
    return None


def statement_start(tokens, at):
    """The first token of the innermost statement around `at`, not looking out of brackets other than a
    body's braces; and whether an unclosed ( or [ or a brace that is no body lies between."""
    i, enclosed = at - 1, ""
    while i >= 0:
        text = tokens[i].text
        if text in (";", "}") and (text == ";" or is_body(tokens, tokens[i].pair)):
            break
        if text in OPEN:
            if text == "{" and is_body(tokens, i):
                break
            enclosed = text
        elif text in OPEN.values() and tokens[i].pair is not None:
            i = tokens[i].pair
        i -= 1
    return i + 1, enclosed


def is_body(tokens, brace):
    """Braces of a block or function, not of an initialiser."""
    if brace is None or brace == 0:
        return True
    before = tokens[brace - 1].text
    return before in (")", "{", "}", ";", "else", "do", "try", "const", "noexcept", "override", "mutable", ":") or \
        before == ">" or statement_is_head(tokens, brace)


def statement_is_head(tokens, brace):
    """`namespace a {`, `struct S : B {`, `auto f() -> T {`: a body though a name stands before it."""
    i = brace - 1
    while i >= 0 and tokens[i].text not in (";", "{", "}", "=", "(", ","):
        if tokens[i].text in ("namespace", "struct", "class", "enum", "union", "->"):
            return True
        i = tokens[i].pair - 1 if tokens[i].text in OPEN.values() and tokens[i].pair else i - 1
    return False


def strip_control(tokens, begin, end):
    """Skips `else`, `do`, `if (…)`, `for (…)`, `case x:` before a statement without braces."""
    while begin < end:
        text = tokens[begin].text
        if text in ("else", "do", "try"):
            begin += 1
        elif text in CONTROL:
            paren = begin + 1
            while paren < end and tokens[paren].text != "(":
                paren += 1
            if paren >= end or tokens[paren].pair is None or tokens[paren].pair >= end:
                return begin
            begin = tokens[paren].pair + 1
        elif text in ("case", "default"):
            while begin < end and tokens[begin].text != ":":
                begin += 1
            begin += 1
        else:
            return begin
    return begin


def check_place(tokens, at):
    begin, enclosed = statement_start(tokens, at)
    before = [t.text for t in tokens[strip_control(tokens, begin, at):at]]
    if before and before[0] in CONTROL:
        return "co_await in a condition: name the result first"
    if enclosed:
        return "co_await inside another expression: name the result first"
    if not before or before == ["co_return"] or before == ["(", "void", ")"]:
        return None
    if before[-1] == "=" and before.count("=") == 1:
        return None
    return "co_await is neither a statement, nor a whole right-hand side, nor what is returned"


def check_operand(tokens, at):
    i, depth = at + 1, 0
    while i < len(tokens):
        text = tokens[i].text
        if text == ";" and depth == 0:
            return None
        if text == "co_await":
            return "two co_awaits in one statement"
        if text in ("?", "&&", "||"):
            return "a condition in a co_await expression: decide in a statement of its own"
        if depth == 0 and text in ("==", "!="):
            return "co_await beside an operator: name the result first"
        if is_lambda(tokens, i):
            if tokens[i].pair != i + 1:
                return "lambda with captures in a co_await expression: name it first, then std::move it"
            body = lambda_body(tokens, i)
            if body:
                i = body[1] + 1
                continue
        if text == "{":
            return "braces in a co_await expression: build the value in its own statement"
        depth += (text in ("(", "[")) - (text in (")", "]"))
        if depth < 0:
            return None
        i += 1
    return None


def check_lambda(tokens, at):
    if tokens[at].pair == at + 1:
        return None
    body = lambda_body(tokens, at)
    if not body:
        return None
    i = body[0] + 1
    while i < body[1]:
        if tokens[i].text in ("co_await", "co_return", "co_yield"):
            return "a lambda with captures is a coroutine: pass what it needs as parameters"
        inner = lambda_body(tokens, i) if is_lambda(tokens, i) else None
        i = inner[1] if inner else i + 1
    return None


def findings(source):
    tokens = tokens_of(source)
    for at, token in enumerate(tokens):
        if token.text == "co_await":
            why = check_place(tokens, at) or check_operand(tokens, at)
        elif is_lambda(tokens, at):
            why = check_lambda(tokens, at)
        else:
            continue
        if why:
            yield token.line, why


def main():
    bad = 0
    for path in sys.argv[1:]:
        with open(path, encoding="utf-8") as file:
            for line, why in findings(file.read()):
                print(f"{path}:{line}: {why}")
                bad = 1
    return bad


if __name__ == "__main__":
    sys.exit(main())
