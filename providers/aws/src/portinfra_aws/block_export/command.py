"""The command that runs the block reader on a host. It contains the whole script."""

import re
import shlex
from importlib.resources import files

from portinfra.provider.abilities import BlockReader

SCRIPT = "reader.py"

_DOCSTRINGS_AND_COMMENTS = re.compile(r'^ *"""[^"]*"""\n|  # .*$', re.MULTILINE)
"""The texts that the command leaves out."""


def block_reader(region: str, snapshot: str, gib: int) -> BlockReader:
    """Return how a host reads a snapshot of that region, of at most `gib` GiB.

    With -I, Python loads nothing from its working directory. With -c, standard input stays free. A host
    receives the command once, in few bytes. So the script comes without docstrings and comments.
    """
    source = files(__package__).joinpath(SCRIPT).read_text(encoding="utf-8")
    words = [
        "python3",
        "-I",
        "-c",
        _DOCSTRINGS_AND_COMMENTS.sub("", source).strip(),
        region,
        snapshot,
        str(gib),
    ]
    return BlockReader(shlex.join(words), tools=("python3",))
