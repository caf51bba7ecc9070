"""The journal: each call's intent before it, its result after. Evidence for people; nothing needs it.

One file a run, one JSON object a line. Parameters are not written, so no secret can be.
"""

import json
import os
from contextlib import suppress
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
        self.trouble = ""
        """Why it could not be written, for people to see; the run goes on without it."""
        self._file: IO[str] | None = None

    def write(self, at: float, event: str, **entry: Any) -> None:
        """One line, on its way to the disk before this returns; none any more once `trouble` tells why."""
        if self.trouble:
            return
        try:
            if self._file is None:
                self.path.parent.mkdir(parents=True, exist_ok=True)
                self._file = self.path.open("a", encoding="utf-8")
            self._file.write(json.dumps({"at": round(at, 3), "event": event, **entry}) + "\n")
            self._file.flush()
        except OSError as error:
            self.trouble = f"no journal from here on: {self.path}: {error.strerror or error}"
            self.close()

    def close(self) -> None:
        """No more entries."""
        if self._file is not None:
            with suppress(OSError):  # what could not be written cannot be written now
                self._file.close()
            self._file = None
