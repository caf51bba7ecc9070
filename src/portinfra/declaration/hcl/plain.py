"""The fast reader of plain HCL: blocks, attributes, texts, numbers, names, lists, mappings and calls.

python-hcl2 owns the grammar. To start its general parser takes longer than a whole plan of a small platform.
So this module reads the forms that most files consist of, into the same tree. It accepts no text that
python-hcl2 refuses. Any other text, correct or not, is left to python-hcl2.
"""

import re
from bisect import bisect_right
from itertools import accumulate

from portinfra.declaration.hcl.tree import Meta, Token, Tree

_SPACES = re.compile(r"[ \t]*")
_LINES = re.compile(r"[ \t]*(?:(?:(?:#|//)[^\n]*)?\n[ \t]*)*")
"""Spaces, ends of lines and comments up to the end of their line."""
_NAME = re.compile(r"[a-zA-Z_][a-zA-Z0-9_-]*")
_NUMBER = re.compile(r"[0-9]+(\.[0-9]+)?")
_CHARACTERS = re.compile(r'(?:(?!\$\$?\{|%%?\{)[^"\\\r\n]|\\[^\r\n])+')
_EQUALS = re.compile(r"[ \t]*=(?![=>])")
_COLON = re.compile(r"[ \t]*:(?!:)")

_SIGNS = {
    '"': "DBLQUOTE",
    "{": "LBRACE",
    "}": "RBRACE",
    "[": "LSQB",
    "]": "RSQB",
    "(": "LPAR",
    ")": "RPAR",
    ",": "COMMA",
    ".": "DOT",
    "${": "INTERP_START",
}
_KEYWORDS = frozenset({"if", "in", "for", "for_each", "else", "endif", "endfor"})
_LITERALS = frozenset({"true", "false", "null"})


class _NotPlainError(Exception):
    """The text has a form that only python-hcl2 reads."""


def read_plain(text: str) -> Tree | None:
    """Return the tree of a whole text; None: it is not plain HCL. Brackets are at most 60 levels deep."""
    reader = _Reader(f"{text}\n")
    try:
        return reader.read_start()
    except _NotPlainError:
        return None


class _Reader:
    def __init__(self, text: str) -> None:
        self.text = text
        self.position = 0
        self.starts = [0, *accumulate(len(line) + 1 for line in text.split("\n"))]

    def read_start(self) -> Tree:
        body = self.read_body(is_whole=True)
        return self.tree("start", 0, body)

    def read_body(self, *, is_whole: bool = False) -> Tree:
        """Read attributes and blocks up to the end of the text, or up to the brace of a block."""
        start = self.position
        pieces: list[Tree] = []
        self.skip(_LINES)
        while self.position < len(self.text) if is_whole else not self.sees("}"):
            pieces.append(self.read_piece())
            if not self.skip_line_end() and (is_whole or not self.sees("}")):
                raise _NotPlainError
        return self.tree("body", start, *pieces)

    def read_piece(self) -> Tree:
        start = self.position
        name = self.read_name()
        if sign := self.match(_EQUALS):
            self.skip(_SPACES)
            return self.tree("attribute", start, name, Token("EQ", sign), self.read_expression())
        self.skip(_SPACES)
        labels: list[Tree] = []
        while not self.sees("{"):
            labels.append(self.read_text() if self.sees('"') else self.read_name())
            self.skip(_SPACES)
        opening = self.take("{")
        body = self.read_body()
        return self.tree("block", start, name, *labels, opening, body, self.take("}"))

    def read_expression(self) -> Tree:
        start, sign = self.position, self.text[self.position : self.position + 1]
        if sign == '"':
            inner = self.read_text()
        elif sign == "[":
            inner = self.read_members("tuple", "[", "]")
        elif sign == "{":
            inner = self.read_mapping()
        elif number := _NUMBER.match(self.text, self.position):
            self.position = number.end()
            rule, kind = ("float_lit", "FLOAT_LITERAL") if number[1] else ("int_lit", "INT_LITERAL")
            inner = self.tree(rule, start, Token(kind, number[0]))
        else:
            inner = self.read_named()
        term = self.tree("expr_term", start, inner)
        while self.sees("."):
            accessor_start, dot = self.position, self.take(".")
            accessor = self.tree("get_attr", accessor_start, dot, self.read_name())
            term = self.tree("expr_term", start, self.tree("get_attr_expr_term", start, term, accessor))
        return term

    def read_named(self) -> Tree:
        """Read a literal, a name, or a call of a function."""
        start = self.position
        word = _NAME.match(self.text, start)
        if word and word[0] in _LITERALS:
            self.position = word.end()
            return self.tree("literal_value", start, Token(word[0].upper(), word[0]))
        name = self.read_name()
        if not self.sees("("):
            return name
        given = self.read_members("arguments", "(", ")")
        opening, *arguments, closing = given.children
        inner = [self.tree("arguments", arguments[0].meta.start_pos, *arguments)] if arguments else []
        return self.tree("function_call", start, name, opening, *inner, closing)

    def read_members(self, rule: str, opens: str, closes: str) -> Tree:
        """Read expressions between brackets, with commas between them and perhaps behind the last."""
        start = self.position
        children: list[Tree | Token] = [self.take(opens)]
        self.skip(_LINES)
        while not self.sees(closes):
            children.append(self.read_expression())
            self.skip(_SPACES)
            if self.sees(","):
                children.append(self.take(","))
                self.skip(_LINES)
            else:
                self.skip(_LINES)
                break
        return self.tree(rule, start, *children, self.take(closes))

    def read_mapping(self) -> Tree:
        start = self.position
        children: list[Tree | Token] = [self.take("{")]
        self.skip(_LINES)
        while not self.sees("}"):
            children.append(self.read_element())
            self.skip(_SPACES)
            if self.sees(","):
                children.append(self.take(","))
                self.skip(_LINES)
            elif not self.skip_line_end() and not self.sees("}"):
                raise _NotPlainError
        return self.tree("object", start, *children, self.take("}"))

    def read_element(self) -> Tree:
        start = self.position
        written = self.read_text() if self.sees('"') else self.read_name()
        key = self.tree("object_elem_key", start, self.tree("expr_term", start, written))
        equals = self.match(_EQUALS)
        sign = Token("EQ", equals) if equals else Token("COLON", self.match(_COLON))
        if not sign:
            raise _NotPlainError
        self.skip(_SPACES)
        return self.tree("object_elem", start, key, sign, self.read_expression())

    def read_text(self) -> Tree:
        """Read a text in quotes, with `${…}`."""
        start = self.position
        children: list[Tree | Token] = [self.take('"')]
        while not self.sees('"'):
            part_start = self.position
            if characters := self.match(_CHARACTERS):
                inner: Tree | Token = Token("STRING_CHARS", characters)
            else:
                inner = self.read_interpolation()
            children.append(self.tree("string_part", part_start, inner))
        return self.tree("string", start, *children, self.take('"'))

    def read_interpolation(self) -> Tree:
        start = self.position
        opening = self.take("${")
        self.skip(_SPACES)
        inner = self.read_expression()
        self.skip(_SPACES)
        return self.tree("interpolation", start, opening, inner, self.take("}"))

    def read_name(self) -> Tree:
        start, name = self.position, self.match(_NAME)
        if not name or name in _KEYWORDS or name in _LITERALS:
            raise _NotPlainError
        return self.tree("identifier", start, Token("NAME", name))

    def tree(self, rule: str, start: int, *children: Tree | Token) -> Tree:
        """Return the tree of a rule that begins at `start` and ends here."""
        line = bisect_right(self.starts, start)
        end_line = bisect_right(self.starts, self.position)
        return Tree(rule, list(children), Meta(line, start - self.starts[line - 1] + 1, end_line, start))

    def sees(self, sign: str) -> bool:
        return self.text.startswith(sign, self.position)

    def take(self, sign: str) -> Token:
        if not self.sees(sign):
            raise _NotPlainError
        self.position += len(sign)
        return Token(_SIGNS[sign], sign)

    def match(self, pattern: re.Pattern[str]) -> str:
        """Read what matches here. Empty: nothing does."""
        found = pattern.match(self.text, self.position)
        self.position = found.end() if found else self.position
        return found[0] if found else ""

    def skip(self, pattern: re.Pattern[str]) -> None:
        self.match(pattern)

    def skip_line_end(self) -> bool:
        """Skip spaces, ends of lines and comments, and return whether a line ended."""
        return "\n" in self.match(_LINES)
