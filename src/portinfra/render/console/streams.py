"""The three streams of the process, in any state in which the caller left them.

A stream may be closed, its encoding may lack letters, its reader may be gone: the command still runs to its
end. It fails where its result cannot be written, for example on a full disk.
"""

import errno
import io
import os
import select
import sys
from pathlib import Path
from typing import Any, TextIO

from portinfra.errors import PortinfraError
from portinfra.safe_text import CODES


class OutputLost(PortinfraError):
    """Standard output cannot be written."""


def open_streams() -> None:
    """Replace the streams of the process by streams that do not fail in these states. Call it once, first."""
    for descriptor in (0, 1, 2):
        try:
            os.fstat(descriptor)
        except OSError:  # the next open file would get this number, and the output of a hook
            os.open(os.devnull, os.O_RDWR)
    if sys.stdin is None:
        sys.stdin = Path(os.devnull).open(encoding="utf-8")  # noqa: SIM115 - until the process ends
    if isinstance(sys.stdin, io.TextIOWrapper):
        sys.stdin.reconfigure(errors="replace")
    if sys.stdout is sys.__stdout__:
        sys.stdout = _stream(_Output(1), sys.stdout)
    if sys.stderr is sys.__stderr__:
        sys.stderr = _stream(_Errors(2), sys.stderr)


def _stream(raw: "_Output", former: TextIO | None) -> TextIO:
    encoding = getattr(former, "encoding", None) or "utf-8"
    lines = raw.isatty() or isinstance(raw, _Errors)
    buffer = io.BufferedWriter(raw)
    return io.TextIOWrapper(buffer, encoding, CODES, line_buffering=lines)


class _Output(io.RawIOBase):
    """Standard output. When its reader is gone, it drops the text, and the command continues."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._is_terminal = os.isatty(descriptor)  # `isatty` is false for a terminal that is gone
        self._lost = False

    def writable(self) -> bool:
        return True

    def fileno(self) -> int:
        return self._descriptor

    def isatty(self) -> bool:
        return self._is_terminal

    def write(self, data: Any) -> int:
        while not self._lost:
            try:
                return os.write(self._descriptor, data)
            except BlockingIOError:  # another program made the stream non-blocking
                select.select([], [self._descriptor], [])
            except OSError as error:
                self._lost = True
                self._lose(error)
        return len(data)

    def _lose(self, error: OSError) -> None:
        """Raise OutputLost, unless the reader is gone: a closed pipe or terminal."""
        if not (error.errno == errno.EPIPE or (error.errno == errno.EIO and self._is_terminal)):
            raise OutputLost(
                f"standard output cannot be written: {error.strerror}",
                fix="What is done stays. Free space or write elsewhere, then run the same command again.",
            ) from error


class _Errors(_Output):
    """Standard error. A failed write is ignored, so that portinfra still deletes a drill."""

    def _lose(self, error: OSError) -> None:
        pass
