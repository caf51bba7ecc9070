"""The journal: the intent of each call before it, and its result after it.

Each run writes one file, with one JSON object a line. People read it; portinfra never does. It has no
parameters of calls, and so no secrets.
"""

import json
import os
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

from portinfra.model.address import Scope


def home() -> Path:
    """Return the folder of journals: `PORTINFRA_HOME`, else `.portinfra`. It is safe to delete it."""
    return Path(os.environ.get("PORTINFRA_HOME") or ".portinfra")


class Journal:
    """The journal of one run. Its first entry opens the file."""

    def __init__(self, scope: Scope, attempt: str) -> None:
        self.path: Path = home() / "journal" / f"{scope.topology}-{scope.environment}-{attempt}.jsonl"
        self.trouble: str = ""
        """The reason why it could not be written, as a text to print; the run continues without it."""
        self._file: IO[str] | None = None

    def write(self, at: float, event: str, **entry: Any) -> None:
        """Write one line, and flush it before this returns. Once `trouble` is set, write nothing."""
        if self.trouble:
            return
        try:
            if self._file is None:
                self.path.parent.mkdir(parents=True, exist_ok=True)
                self._file = self.path.open("a", encoding="utf-8")
            self._file.write(json.dumps({"at": round(at, 3), "event": event, **entry}) + "\n")
            self._file.flush()
        except OSError as error:
            self.trouble = f"the run continues without its journal: {self.path}: {error.strerror or error}"
            self.close()

    def close(self) -> None:
        """Close the file."""
        if self._file is not None:
            with suppress(OSError):  # an earlier failed write fails again
                self._file.close()
            self._file = None
