"""A declaration in Python: the script is run, and the values that it leaves are taken."""

import runpy
import sys
import traceback
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, redirect_stdout
from pathlib import Path
from typing import Any

from portinfra.declaration.declared import Declared, declaration_error, declare, duplicates
from portinfra.errors import DeclarationError, PortinfraError
from portinfra.model.environment import Environment
from portinfra.model.finding import Finding
from portinfra.model.location import Location
from portinfra.model.recovery import RecoveryPlan
from portinfra.model.topology import Topology

RUN_NAME = "portinfra_declaration"
"""The script's `__name__`: not `__main__`, so that its own `cli(…)` is not reached."""


def run(path: Path) -> Declared:
    """What the script declares: each topology, environment and recovery plan at its top level, also in lists.

    Its own directory is importable meanwhile. What it prints goes to standard error: standard
    output holds the result of the command. Raises DeclarationError at the user's line where it fails.
    """
    passed: list[Declared] = []
    with _importable(path.parent), _captured(passed), redirect_stdout(sys.stderr):
        try:
            left = runpy.run_path(str(path), run_name=RUN_NAME)
        except DeclarationError:
            raise
        except (Exception, SystemExit) as error:
            raise _failure(error, path) from error
    handed = [some for each in passed for some in (each.topologies, each.environments, each.recoveries)]
    values = list(_flat([*left.values(), *handed]))
    declared = Declared(
        topologies=tuple(value for value in values if isinstance(value, Topology)),
        environments=tuple(value for value in values if isinstance(value, Environment)),
        recoveries=tuple(value for value in values if isinstance(value, RecoveryPlan)),
    )
    findings = duplicates(declared)
    if findings:
        raise declaration_error(findings)
    return declared


@contextmanager
def _importable(directory: Path) -> Iterator[None]:
    """Let the script import its neighbours; forget them afterwards, as the next one has others."""
    folder = str(directory.resolve())
    known = set(sys.modules)
    sys.path.insert(0, folder)
    try:
        yield
    finally:
        sys.path.remove(folder)
        for name in set(sys.modules) - known:
            file = getattr(sys.modules[name], "__file__", None) or ""
            if Path(file).parent == Path(folder):
                del sys.modules[name]


@contextmanager
def _captured(passed: list[Declared]) -> Iterator[None]:
    """Take what a script hands to `cli(…)` outside of `if __name__ == "__main__"`, instead of running it."""

    def cli(*topologies: Any, environments: Any = (), recovery: Any = (), rules: Any = ()) -> None:
        passed.append(declare(topologies, environments, recovery))

    door = vars(sys.modules["portinfra"])
    before = door.get("cli")
    door["cli"] = cli
    try:
        yield
    finally:
        if before is None:
            del door["cli"]
        else:
            door["cli"] = before


def _flat(values: Iterable[Any]) -> Iterator[Any]:
    """Each declared value once, whether alone or in a list, in the order of first mention."""
    seen: list[Any] = []
    for value in values:
        for one in value if isinstance(value, list | tuple) else (value,):
            if isinstance(one, Topology | Environment | RecoveryPlan) and one not in seen:
                seen.append(one)
                yield one


def _failure(error: BaseException, path: Path) -> DeclarationError:
    location = _where(error, path)
    if isinstance(error, SystemExit):
        message, fix = "the script ends itself while it is read", 'Do that under if __name__ == "__main__".'
    elif isinstance(error, SyntaxError):
        message, fix = f"this is no Python: {error.msg}", "Mend the line."
    elif isinstance(error, PortinfraError):
        message, fix = str(error.args[0]), error.fix
    else:
        message, fix = f"{type(error).__name__}: {error}", "Mend the script; it runs when it is read."
    return declaration_error([Finding("declaration/script", message, fix, location=location)])


def _where(error: BaseException, path: Path) -> Location:
    """The innermost line in the user's own files: those beside the script."""
    if isinstance(error, SyntaxError) and error.filename:
        return Location(error.filename, error.lineno or 1)
    folder = path.parent.resolve()
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        if frame.lineno and folder in Path(frame.filename).resolve().parents:
            return Location(frame.filename, frame.lineno)
    return Location(str(path), 1)
