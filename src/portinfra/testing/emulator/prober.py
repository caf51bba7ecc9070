"""A prober on an emulator: this machine runs its user data, as its host would."""

import os
import re
import subprocess
import tempfile
from pathlib import Path

from portinfra.model.receipts import find_summary

RUN_SECONDS = 60.0

_SCRIPT = re.compile(r"^#!/bin/bash\n# portinfra-prober: .*?^# end of the prober$", re.DOTALL | re.MULTILINE)


def print_of_prober(user_data: str) -> str:
    """Return what a host with this user data prints in one round of checks; empty if it is no prober.

    The script may be a part of a message, or within another script.
    """
    found = _SCRIPT.search(user_data)
    if found is None or find_summary(user_data) is None:
        return ""
    with tempfile.TemporaryDirectory(prefix="portinfra-prober-") as folder:
        script, console = Path(folder, "script"), Path(folder, "console")
        script.write_text(f"{found[0]}\n", encoding="utf-8")
        own = {"PORTINFRA_CONSOLE": str(console), "PORTINFRA_ROUNDS": "1", "TMPDIR": folder}
        command = ["bash", str(script)]
        subprocess.run(
            command, env={**os.environ, **own}, check=True, timeout=RUN_SECONDS, stdin=subprocess.DEVNULL
        )
        return console.read_text(encoding="utf-8")
