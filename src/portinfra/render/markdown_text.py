"""Foreign text in Markdown: names, reasons and commands, so that none of it becomes markup."""

import re

MARKUP = re.compile(r"([\\`*_\[\]<>#|~&])")
TICKS = re.compile("`+")


def code(text: str) -> str:
    """Return a text as code in one line. It may contain backticks itself."""
    line = " ".join(text.split())
    fence = "`" * (1 + max((len(ticks) for ticks in TICKS.findall(line)), default=0))
    room = " " if "`" in line else ""
    return f"{fence}{room}{line}{room}{fence}"


def escape(text: str) -> str:
    """Return a text with Markdown escapes, in one line."""
    return MARKUP.sub(r"\\\1", " ".join(text.split()))
