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

_GUARD = 'below if __name__ == "__main__"'
_FIX = f"Call cli() directly {_GUARD}, and set its arguments at the top level of the script."


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
            tree = ast.parse(path.read_bytes())
            _import_cli(tree, left)
            _call_guarded_cli(path, tree, left)
            _raise_if_call_is_hidden(path, tree, left)
        except _Handed as handed:
            return handed.declared
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
    """Add `cli` to the values of a script that imports it below its top level only."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module == "portinfra":
            for each in node.names:
                if each.name == "cli":
                    left.setdefault(each.asname or each.name, vars(sys.modules["portinfra"])["cli"])


def _call_guarded_cli(path: Path, tree: ast.Module, left: dict[str, Any]) -> None:
    """Evaluate the first `cli(…)` directly below `if __name__ == "__main__"`, and nothing else there.

    left: what the script left at its top level. Raises DeclarationError for a name that is not among it.
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
            fix = f"Set {error.name} before that line: of what is below it, only the call of cli() is read."
            raise _script_error(path, statement, message, fix) from error


def _raise_if_call_is_hidden(path: Path, tree: ast.Module, left: dict[str, Any]) -> None:
    """Raise DeclarationError if a guarded script calls `cli` only where portinfra does not read the call.

    Its arguments would be silently missing: the values at the top level need not be all of them.
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
