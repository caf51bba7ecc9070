"""The reader, as a host is told of it: in one command, which brings the whole script along."""

import re
import shlex
from importlib.resources import files

from portinfra.provider.abilities import BlockReader

SCRIPT = "reader.py"

_SAID = re.compile(r'^ *"""[^"]*"""\n|  # .*$', re.MULTILINE)
"""Docstrings and comments."""


def block_reader(region: str, snapshot: str, gib: int) -> BlockReader:
    """How a host reads a snapshot of that region, of so many GiB.

    With -I, Python takes nothing from the folder that it is started in; and -c leaves standard input alone. A
    host is told things once, in few bytes: the script goes without what it says of itself.
    """
    source = files(__package__).joinpath(SCRIPT).read_text(encoding="utf-8")
    words = ["python3", "-I", "-c", _SAID.sub("", source).strip(), region, snapshot, str(gib)]
    return BlockReader(shlex.join(words), tools=("python3",))
