"""The progress of an apply: a live bar on a terminal, and a line for each finished step elsewhere."""

from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from portinfra.format import duration
from portinfra.model.change import Step
from portinfra.model.progress import Progress, wait_text
from portinfra.render.console.styled import StyledText, styled_text
from portinfra.render.console.terminal import Console, err
from portinfra.safe_text import visible

if TYPE_CHECKING:
    from rich.progress import Progress as Bar
    from rich.progress import TaskID

WAIT_LINE_SECONDS = 60.0
"""The seconds of a wait after which it has another line, where there is no bar."""

WORDS = {"remove": "removed", "tighten": "tightened", "converge": "done", "ready": "ready"}
STYLES = {"failed": "red", "blocked": "yellow"}


class ProgressDisplay:
    """A listener of an apply that prints on standard error. It is a context manager."""

    def __init__(self, console: Console | None = None) -> None:
        self._console = console or err()
        self._bar: Bar | None = None
        self._task: TaskID | None = None
        self._reasons: set[str] = set()
        """The reasons that were printed. An equal reason is not printed again, but counted at the end."""
        self._wait_lines: dict[Step | None, float] = {}
        """Step → the seconds that it had waited at its last line."""

    def __enter__(self) -> Self:
        if self._console.is_terminal:
            from rich.progress import BarColumn, MofNCompleteColumn, TextColumn  # slow to import
            from rich.progress import Progress as Bar

            console: Any = self._console  # a terminal's console is rich's
            self._bar = Bar(
                TextColumn("{task.description}", markup=False),
                BarColumn(),
                MofNCompleteColumn(),
                TextColumn("{task.fields[pace]}"),
                console=console,
                transient=True,
            )
            self._task = self._bar.add_task("starting", total=None, pace="")
            self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar is not None:
            self._bar.stop()

    def say(self, line: str) -> None:
        """Print a line; on a terminal, above the bar."""
        self._console.print(line)

    def __call__(self, progress: Progress) -> None:
        """Print one report of progress."""
        if progress.fate == "failed":
            reason = _reason(progress)
            if reason in self._reasons:
                return self._update(progress)
            self._reasons.add(reason)
        is_problem = progress.fate not in (None, "done") or (progress.step is None and progress.message)
        if is_problem or (self._bar is None and (progress.fate == "done" or self._is_line_due(progress))):
            self._console.print(line(progress))
        return self._update(progress)

    def _is_line_due(self, progress: Progress) -> bool:
        """Return whether a wait has begun, or has lasted another minute. A long call always has a line."""
        if progress.limit is None:
            return progress.waited > 0
        last = self._wait_lines.get(progress.step)
        is_due = last is None or not last <= progress.waited < last + WAIT_LINE_SECONDS
        if is_due:
            self._wait_lines[progress.step] = progress.waited
        return is_due

    def _update(self, progress: Progress) -> None:
        if self._bar is not None and self._task is not None:
            what = _now(progress)
            self._bar.update(
                self._task,
                description=visible(what),
                completed=progress.done,
                total=progress.total or None,
                pace=describe_pace(progress),
            )


def line(progress: Progress) -> StyledText:
    """Return the line of a finished step: `[12/300] instance.web1 done`."""
    number = f"[{progress.done}/{progress.total}] " if progress.total else ""  # 0: no plan is carried out yet
    if progress.step is None:
        return styled_text(number + _whole_run(progress))
    if progress.limit is not None:
        return styled_text(number, f"{progress.step.address} waits: {wait_text(progress)}")
    if progress.waited:
        return styled_text(number, f"{progress.step.address} {progress.message}")
    fate = progress.fate or ""
    word = WORDS[progress.step.phase] if fate == "done" else fate
    message = _reason(progress)
    tail = f": {message}" if message else ""
    return styled_text(number, f"{progress.step.address} ", (word, STYLES.get(fate, "")), tail)


def _now(progress: Progress) -> str:
    """Return the text of the live bar: a step, with what it waits for, or the whole run."""
    if progress.step is None:
        return _whole_run(progress)
    if not progress.waits:
        return progress.step.address
    text = progress.message if progress.limit is None else wait_text(progress)
    return f"{progress.step.address}: {text}"


def _whole_run(progress: Progress) -> str:
    return progress.message if progress.limit is None else wait_text(progress)


def _reason(progress: Progress) -> str:
    """Return the message without the address of its resource."""
    address = progress.step.address if progress.step else ""
    return progress.message.removeprefix(address).lstrip(": ")


def describe_pace(progress: Progress) -> str:
    """Return calls, their rate, and the time left: `120 calls, 4.8/s, 1 min 20 s left`."""
    parts = [f"{progress.calls:,} calls"]
    if progress.seconds >= 1:  # earlier, rate and time left are not reliable
        parts.append(f"{progress.calls / progress.seconds:.1f}/s")
        if progress.seconds_left is not None:
            parts.append(f"{duration(progress.seconds_left)} left")
    return ", ".join(parts)
