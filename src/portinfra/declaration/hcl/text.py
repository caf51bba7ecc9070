"""Texts in quotes: how to read their escapes, and how to write a text so that it reads back equal."""

import re

ESCAPES = r"Escapes are \n \r \t \" \\ \uXXXX \UXXXXXXXX, $${ for ${ and %%{ for %{."

_ESCAPE = re.compile(r"\\(u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|.)", re.DOTALL)
_MEANINGS = {"n": "\n", "r": "\r", "t": "\t", '"': '"', "\\": "\\"}
_WRITTEN = {meaning: f"\\{letter}" for letter, meaning in _MEANINGS.items()}
_HARMLESS = re.compile(r'[$%]\{[^}"\\\n$%]*\}')


def unquote(written: str) -> str:
    """Return the text that a piece between quotes means. Raises ValueError."""
    if "\n" in written or "\r" in written:
        raise ValueError("a text in quotes ends on the line on which it begins")
    if written.startswith(("$${", "%%{")):
        if '"' in re.sub(r"\\.", "", written):
            raise ValueError(f"{written[:3]} without its }} includes the quote; write {_code(written[0])}{{")
        written = written[1:]
    return _ESCAPE.sub(_meaning, written)


def _meaning(match: re.Match[str]) -> str:
    escaped = match.group(1)
    if len(escaped) > 1:
        code = int(escaped[1:], 16)
        if code > 0x10FFFF:
            raise ValueError(f"\\{escaped} is not a character")
        return chr(code)
    if escaped not in _MEANINGS:
        raise ValueError(f"\\{escaped} is not an escape")
    return _MEANINGS[escaped]


def quote(text: str) -> str:
    """Return the text in quotes, in one line."""
    written: list[str] = []
    position = 0
    while position < len(text):
        character = text[position]
        if character in "$%" and text[position + 1 : position + 2] == "{":
            written.append(_sequence(text, position))
        elif character in _WRITTEN:
            written.append(_WRITTEN[character])
        else:
            written.append(character if character.isprintable() else _code(character))
        position += 1
    return '"' + "".join(written) + '"'


def before_reference(text: str) -> str:
    """Return the text as written between quotes before a `${`, which a `$` at its end would escape."""
    end = _code("$") if text.endswith("$") else ""
    return quote(text[:-1] if end else text)[1:-1] + end


def _sequence(text: str, position: int) -> str:
    """Return the sign before a brace, escaped so that the brace begins no expression.

    `$${` is possible only if its `}` follows in the text and no `$` precedes it: python-hcl2 needs that.
    """
    sign = text[position]
    plain = _HARMLESS.match(text, position) and text[position - 1 : position] not in ("$", "%")
    return sign * 2 if plain else _code(sign)


def _code(character: str) -> str:
    number = ord(character)
    return f"\\u{number:04x}" if number <= 0xFFFF else f"\\U{number:08x}"


def heredoc_body(written: str) -> tuple[str, bool]:
    """Return the text of a heredoc without its markers, and whether its indentation is removed (`<<-`)."""
    first, *lines = written.split("\n")
    while lines and not lines[-1].strip():
        lines.pop()
    lines.pop()  # the closing marker
    return "".join(line + "\n" for line in lines), first.startswith("<<-")


def heredoc(text: str, indent: str) -> str | None:
    """Return the text as a heredoc if that is easier to read; None: a text in quotes is as good."""
    lines = text.split("\n")
    if len(lines) < 3 or lines[-1] or not all(line.isprintable() for line in lines):
        return None
    if any(not line.strip() and line for line in lines) or lines[0].startswith((" ", "\t")) or not lines[0]:
        return None
    marker = "EOT"
    while any(marker in line for line in lines):
        marker += "_"
    escaped = [re.sub(r"([$%])\{", r"\1\1{", line) for line in lines[:-1]]
    body = "".join(f"{indent}  {line}\n" if line else "\n" for line in escaped)
    return f"<<-{marker}\n{body}{indent}{marker}"
