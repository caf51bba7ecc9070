"""Declarations in Python. portinfra runs a script up to its `cli(…)`, whose arguments are the declaration.

A script without that call declares the values at its top level.
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
"""The script's `__name__`. It is not `__main__`, so code below that guard does not run."""

_GUARD = 'below if __name__ == "__main__"'
_FIX = f"Call cli() directly {_GUARD}, and set its arguments at the top level of the script."


class _Declared(BaseException):
    """The end of a script at its `cli(…)`, with the declaration."""

    def __init__(self, declared: Declared) -> None:
        super().__init__()
        self.declared = declared


def run_script(path: Path) -> Declared:
    """Return the declaration of a script.

    It is the arguments of its `cli(…)`, also below `if __name__ == "__main__"`. Without that call, it is each
    topology, environment, recovery plan and rule at the top level, also in lists.

    The script can import from its own directory. Its output goes to standard error, as standard output has
    the result of the command. Raises DeclarationError with the user's line if the script fails.
    """
    with _importable(path.parent), _capture_cli(), redirect_stdout(sys.stderr):
        try:
            left = runpy.run_path(str(path), run_name=RUN_NAME)
            tree = ast.parse(path.read_bytes())
            _import_cli(tree, left)
            _call_guarded_cli(path, tree, left)
            _raise_if_call_is_hidden(path, tree, left)
        except _Declared as end:
            return end.declared
        except DeclarationError:
            raise
        except (Exception, SystemExit) as error:
            raise _failure(error, path) from error
    declared = Declared(*(tuple(_values(left, kind)) for kind in ARGUMENTS.values()))
    if declared == Declared() and (guarded := _main_statements(tree)):
        message = f"the top level of the script declares nothing, and {_GUARD} it calls no cli()"
        raise _script_error(path, guarded[0], message, _FIX)
    if findings := duplicates(declared):
        raise declaration_error(findings)
    return declared


def _import_cli(tree: ast.Module, left: dict[str, Any]) -> None:
    """Add `cli` to the values of a script that imports it only below its top level."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module == "portinfra":
            for each in node.names:
                if each.name == "cli":
                    left.setdefault(each.asname or each.name, vars(sys.modules["portinfra"])["cli"])


def _call_guarded_cli(path: Path, tree: ast.Module, left: dict[str, Any]) -> None:
    """Evaluate the first `cli(…)` directly below `if __name__ == "__main__"`, and nothing else there.

    `left` has the values of the script's top level. Raises DeclarationError for a name that is not there.
    """
    guarded = _main_statements(tree)
    for statement in guarded:
        if not isinstance(statement, ast.Expr) or not _calls_cli(statement.value, left):
            continue
        try:
            exec(compile(ast.Module([statement], []), str(path), "exec"), left)
        except NameError as error:
            if error.name not in _names_set(guarded):
                raise
            message = f"cli() uses {error.name!r}, which the script sets {_GUARD}"
            fix = f"Set {error.name} before that line: below it, portinfra reads only the call of cli()."
            raise _script_error(path, statement, message, fix) from error


def _raise_if_call_is_hidden(path: Path, tree: ast.Module, left: dict[str, Any]) -> None:
    """Raise DeclarationError if a guarded script calls `cli` only where portinfra does not read the call.

    Otherwise arguments could be missing without an error: not all need be values at the top level.
    """
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.expr) and _calls_cli(node, left)]
    if calls and _main_statements(tree):
        first = min(calls, key=lambda node: node.lineno)
        message = f"portinfra does not read this call of cli(): it reads one directly {_GUARD}"
        raise _script_error(path, first, message, _FIX)


def _script_error(path: Path, node: ast.stmt | ast.expr, message: str, fix: str) -> DeclarationError:
    location = Location(str(path), node.lineno)
    return declaration_error([Finding("declaration/script", message, fix, location=location)])


def _main_statements(tree: ast.Module) -> list[ast.stmt]:
    """Return the statements directly below each `if __name__ == "__main__"`."""
    guards = [node for node in tree.body if isinstance(node, ast.If) and _is_guard(node.test)]
    return [statement for guard in guards for statement in guard.body]


def _names_set(statements: list[ast.stmt]) -> set[str]:
    """Return the names that statements set: variables, functions, classes and imports."""
    names: set[str] = set()
    for node in (node for statement in statements for node in ast.walk(statement)):
        match node:
            case ast.Name(id=name, ctx=ast.Store()) | ast.FunctionDef(name=name) | ast.ClassDef(name=name):
                names.add(name)
            case ast.alias(name=name, asname=other):
                names.add(other or name.partition(".")[0])
    return names


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
    """Let the script import modules of its directory, and forget them afterwards."""
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
def _capture_cli() -> Iterator[None]:
    """Replace `cli(…)` meanwhile by a function that ends the script with its arguments."""

    def cli(*topologies: Any, environments: Any = (), recovery: Any = (), rules: Any = ()) -> NoReturn:
        raise _Declared(declare(topologies, environments, recovery, rules))

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
        message, fix = "the script ends its process", 'Do that below if __name__ == "__main__".'
    elif isinstance(error, SyntaxError):
        message, fix = f"this is not Python: {error.msg}", "Correct the line."
    elif isinstance(error, PortinfraError):
        message, fix = str(error.args[0]), error.fix
    else:
        message, fix = f"{type(error).__name__}: {error}", "Correct the script: portinfra runs it to read it."
    return declaration_error([Finding("declaration/script", message, fix, location=location)])


def _where(error: BaseException, path: Path) -> Location:
    """Return the innermost line in the user's own files: those in the folder of the script."""
    if isinstance(error, SyntaxError) and error.filename:
        return Location(error.filename, error.lineno or 1)
    folder = path.parent.resolve()
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        if frame.lineno and folder in Path(frame.filename).resolve().parents:
            return Location(frame.filename, frame.lineno)
    return Location(str(path), 1)
