"""A local runner for the scripts of transfer hosts, for test beds whose instances run no software.

It runs the scripts on this machine, by the same shell and tools, on files with the contents of volumes.
"""

import os
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path

from portinfra.value import frozen

SECONDS = 300.0
"""The longest that a script may take, in seconds."""


@frozen
class LocalScriptRunner:
    """A runner to pass to a `Vault` as its `stand`. Evidence of its transfers has its name."""

    read: Callable[[str], bytes]
    """Return the contents of the volume with a native id."""
    write: Callable[[str, bytes], object]
    """Overwrite the contents of the volume with a native id."""
    name: str = "a local stand-in runs the scripts of transfer hosts"

    def run(self, script: str, volume: str) -> None:
        """Run a script as a transfer host does at its first boot. Its receipt has the result, also of a
        failure.
        """
        with tempfile.TemporaryDirectory(prefix="portinfra-stand-") as folder:
            disk = Path(folder, "disk")
            disk.write_bytes(before := self.read(volume) if volume else b"")
            run_script(script, disk)
            if (after := disk.read_bytes()) != before:
                self.write(volume, after)


def run_script(script: str, disk: Path) -> None:
    """Run the script of a transfer host on this machine, with a file as its disk, in the folder of the file.
    The script's receipt has the result, also of a failure.

    Raises subprocess.TimeoutExpired after SECONDS.
    """
    subprocess.run(
        ["bash", "-s"],
        input=script,
        text=True,
        cwd=disk.parent,
        env={**os.environ, "TMPDIR": str(disk.parent), "PORTINFRA_DISK": str(disk)},
        capture_output=True,
        timeout=SECONDS,
        check=False,
    )
