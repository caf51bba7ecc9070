"""The journal: each call's intent before it, its result after. Evidence for people; nothing needs it.

One file a run, one JSON object a line. Parameters are not written, so no secret can be.
"""

import json
import os
from pathlib import Path
from typing import IO, Any

from portinfra.model.address import Scope


def home() -> Path:
    """Where portinfra keeps its journals: `PORTINFRA_HOME`, else `.portinfra`. Deleting it loses nothing."""
    return Path(os.environ.get("PORTINFRA_HOME") or ".portinfra")


class Journal:
    """The journal of one run; opened at its first entry."""

    def __init__(self, scope: Scope, attempt: str) -> None:
        self.path = home() / "journal" / f"{scope.topology}-{scope.environment}-{attempt}.jsonl"
        self._file: IO[str] | None = None

    def write(self, at: float, event: str, **entry: Any) -> None:
        """One line, on its way to the disk before this returns."""
        if self._file is None:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._file = self.path.open("a", encoding="utf-8")
        self._file.write(json.dumps({"at": round(at, 3), "event": event, **entry}) + "\n")
        self._file.flush()

    def close(self) -> None:
        """No more entries."""
        if self._file is not None:
            self._file.close()
            self._file = None
