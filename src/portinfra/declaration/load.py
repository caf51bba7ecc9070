"""The loader of a declaration: a .hcl file, a .py file, or a directory of either."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from portinfra.declaration.declared import Declared
from portinfra.errors import DeclarationError
from portinfra.provider.registry import settings_files


def load(
    path: str | Path, variables: Mapping[str, str] | None = None, var_files: Sequence[str | Path] = ()
) -> Declared:
    """Return the declaration of a file or directory.

    A directory means all of its `*.hcl`, without settings of providers, as one declaration. If it has none,
    it means its only `*.py`. `variables` are values for the `variable` blocks of HCL, as text. They override
    those in `var_files`, of which a later file overrides an earlier one. Both override `PORTINFRA_VAR_…` of
    the process.

    Raises DeclarationError with all findings at once, by file and line.
    """
    path = Path(path)
    if not path.exists():
        raise DeclarationError(f"there is no file or directory {str(path)!r}", fix="Name another with -f.")
    files = _files_of(path) if path.is_dir() else [path]
    kinds = {file.suffix for file in files}
    if kinds == {".hcl"}:
        from portinfra.declaration.hcl.read import read_files
        from portinfra.declaration.hcl.variable_values import Outside  # python-hcl2 is slow to import

        return read_files(files, Outside(variables or {}, [Path(file) for file in var_files]))
    if kinds != {".py"}:
        raise DeclarationError(
            f"{str(path)!r} is neither HCL nor Python", fix="Name a .hcl file, a .py file or a directory."
        )
    if variables or var_files:
        raise DeclarationError(
            f"only HCL has variables, and {str(files[0])!r} is Python",
            fix="Leave --var and --var-file out. A script can read values from os.environ.",
        )
    from portinfra.declaration.script import run_script

    return run_script(files[0])


def _files_of(directory: Path) -> list[Path]:
    settings = settings_files()
    in_hcl = sorted(path for path in directory.glob("*.hcl") if path.is_file() and path.name not in settings)
    if in_hcl:
        return in_hcl
    in_python = sorted(path for path in directory.glob("*.py") if path.is_file())
    if len(in_python) == 1:
        return in_python
    if in_python:
        names = ", ".join(path.name for path in in_python)
        raise DeclarationError(
            f"{str(directory)!r} has several Python files: {names}", fix="Name the one that declares with -f."
        )
    raise DeclarationError(
        f"{str(directory)!r} has neither .hcl files nor a .py file", fix="Name another place with -f."
    )
