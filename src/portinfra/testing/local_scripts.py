"""Stands in for a recovery's helpers where the instances of a test bed run nothing: their scripts are run
here, by the same shell and tools, on files with what the bed's volumes hold.
"""

import os
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path

from attrs import frozen

SECONDS = 300.0
"""The longest that a script may take."""


@frozen
class LocalScriptRunner:
    """Give it to a `Vault` as its `stand`. Evidence of what it carried names it."""

    read: Callable[[str], bytes]
    """What the volume of a native id holds."""
    write: Callable[[str, bytes], object]
    """Let it hold something else."""
    name: str = "its helpers played by a local stand-in"

    def run(self, script: str, volume: str) -> None:
        """As a helper would at its birth. What becomes of it stands in its receipt, as ever."""
        with tempfile.TemporaryDirectory(prefix="portinfra-stand-") as folder:
            disk = Path(folder, "disk")
            disk.write_bytes(before := self.read(volume) if volume else b"")
            subprocess.run(
                ["bash", "-s"],
                input=script,
                text=True,
                cwd=folder,
                env={**os.environ, "TMPDIR": folder, "PORTINFRA_DISK": str(disk)},
                capture_output=True,
                timeout=SECONDS,
                check=False,
            )
            if (after := disk.read_bytes()) != before:
                self.write(volume, after)
