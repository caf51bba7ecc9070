"""Save the world of a provider, as this version of portinfra makes it.

    .venv/bin/python tests/saved_worlds fake-aws fake-gcp fake-libvirt fake-name aws gcp libvirt

makes an empty world of each, lets the story of `story.py` happen in it, and writes
`tests/saved_worlds/VERSION/PROVIDER.json`. `libvirt` starts real hypervisors: it takes root and some minutes;
`gcp` needs age, rclone and zstd.

Do this once for each version, before its release, and never again for that version: a saved world stands for
the environments that users have. Read what was found in it (the key `found`) before you commit it: from then
on every version must find the same.
"""

import json
import sys
import tempfile
from pathlib import Path
from typing import Any
from unittest import mock

ROOT = Path(__file__).parents[2]
sys.path += [str(ROOT / "providers" / name / "tests") for name in ("aws", "gcp", "libvirt")]

from saved import WORLDS, save  # noqa: E402

LINE = 500
"""The longest line that several values share."""


def main(names: list[str]) -> int:
    """Save the worlds of these names; 2 where a name is none."""
    if not names or set(names) - set(WORLDS):
        sys.stderr.write(__doc__ or "")
        return 2
    for name in names:
        with tempfile.TemporaryDirectory() as home, mock.patch.dict("os.environ", {"PORTINFRA_HOME": home}):
            file, document = save(name)
        file.parent.mkdir(exist_ok=True)
        file.write_text(lay_out(document) + "\n")
        sys.stdout.write(f"{file.relative_to(ROOT)}: {file.stat().st_size:,} bytes\n")
    return 0


def lay_out(value: Any, margin: str = "") -> str:
    """Return a value as JSON: in one line where it fits, else an item a line."""
    line = json.dumps(value, sort_keys=True)
    if len(margin) + len(line) <= LINE or not isinstance(value, dict | list):
        return line
    inner = margin + " "
    if isinstance(value, dict):
        items = [f"{json.dumps(name)}: {lay_out(value[name], inner)}" for name in sorted(value)]
    else:
        items = [lay_out(each, inner) for each in value]
    begin, end = "{}" if isinstance(value, dict) else "[]"
    return f"{begin}\n{inner}" + f",\n{inner}".join(items) + f"\n{margin}{end}"


sys.exit(main(sys.argv[1:]))
