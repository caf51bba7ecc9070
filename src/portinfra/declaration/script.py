"""A declaration in Python: the script is run up to its `cli(…)`, whose arguments are the declaration.

A script that calls no `cli` declares the values at its top level.
"""

import ast
import runpy
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from pathlib import Path
from typing import Any, NoReturn

from portinfra.declaration.declared import (
    ARGUMENTS,
    Declared,
    declaration_error,
    declare,
    duplicates,
    is_a,
)
from portinfra.errors import DeclarationError, PortinfraError
from portinfra.model.finding import Finding
from portinfra.model.location import Location

RUN_NAME = "portinfra_declaration"
"""The script's `__name__`: not `__main__`, so that nothing which it guards by that is executed."""


class _Handed(BaseException):
    """Ends a script at its `cli(…)`, as `cli` does."""

    def __init__(self, declared: Declared) -> None:
        super().__init__()
        self.declared = declared


def run_script(path: Path) -> Declared:
    """Return what the script declares: the arguments of its `cli(…)`, also below `if __name__ == "__main__"`.
    Without that call: each topology, environment, recovery plan and rule at its top level, also in lists.

    Its own directory is importable meanwhile. What it prints goes to standard error: standard
    output holds the result of the command. Raises DeclarationError at the user's line where it fails.
    """
    with _importable(path.parent), _cli_hands_over(), redirect_stdout(sys.stderr):
        try:
            left = runpy.run_path(str(path), run_name=RUN_NAME)
            _call_guarded_cli(path, left)
        except _Handed as handed:
            return handed.declared
        except DeclarationError:
            raise
        except (Exception, SystemExit) as error:
            raise _failure(error, path) from error
    declared = Declared(*(tuple(_values(left, kind)) for kind in ARGUMENTS.values()))
    if findings := duplicates(declared):
        raise declaration_error(findings)
    return declared


def _call_guarded_cli(path: Path, left: dict[str, Any]) -> None:
    """Evaluate the first `cli(…)` that stands below `if __name__ == "__main__"`, and nothing else there.

    left: what the script left at its top level. Raises DeclarationError for a name that is not among it.
    """
    tree = ast.parse(path.read_bytes())
    guarded = [node for node in tree.body if isinstance(node, ast.If) and _is_guard(node.test)]
    for statement in (statement for node in guarded for statement in node.body):
        if not isinstance(statement, ast.Expr) or not _calls_cli(statement.value, left):
            continue
        try:
            exec(compile(ast.Module([statement], []), str(path), "exec"), left)
        except NameError as error:
            message = f'cli() uses {error.name!r}, which the script sets below if __name__ == "__main__"'
            fix = f"Set {error.name} before that line: of what is below it, only the call of cli() is read."
            location = Location(str(path), statement.lineno)
            finding = Finding("declaration/script", message, fix, location=location)
            raise declaration_error([finding]) from error


def _is_guard(test: ast.expr) -> bool:
    return ast.unparse(test) in ("__name__ == '__main__'", "'__main__' == __name__")


def _calls_cli(node: ast.expr, left: dict[str, Any]) -> bool:
    """Return whether an expression calls `cli`, by any of its names: `cli(…)`, `portinfra.cli(…)`."""
    if not isinstance(node, ast.Call):
        return False
    door = vars(sys.modules["portinfra"])
    match node.func:
        case ast.Name(id=name):
            return left.get(name) is door["cli"]
        case ast.Attribute(value=ast.Name(id=module), attr="cli"):
            return left.get(module) is sys.modules["portinfra"]
    return False


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
def _cli_hands_over() -> Iterator[None]:
    """Meanwhile `cli(…)` hands over what it is given, instead of running a command."""

    def cli(*topologies: Any, environments: Any = (), recovery: Any = (), rules: Any = ()) -> NoReturn:
        raise _Handed(declare(topologies, environments, recovery, rules))

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


def _values(left: dict[str, Any], kind: str) -> Iterator[Any]:
    """Yield each value of a class once, whether alone or in a list, in the order of first mention."""
    seen: list[Any] = []
    for value in left.values():
        for one in value if isinstance(value, list | tuple) else (value,):
            if is_a(one, kind) and one not in seen:
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
