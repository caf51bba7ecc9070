"""The programs of this package as one file that Debian 12's Python runs: a zip archive with `__main__.py`."""

import ast
import io
import lzma
import zipfile
from pathlib import Path

_MAIN = "import sys\n\nfrom portinfra.trust.program import main\n\nsys.exit(main())\n"
_DATE = (1980, 1, 1, 0, 0, 0)
"""The date of each file, so that the same modules give the same archive."""


MODULES = (
    "__init__",
    "authority",
    "errors",
    "est_server",
    "log",
    "names",
    "policy",
    "program",
    "puppet",
    "puppet_revocation",
    "request",
    "signer",
    "state",
    "token",
)
"""The modules that run on the host that signs."""


def make_archive(*, puppet: bool = True) -> bytes:
    """Return the archive, compressed by xz, so that it fits into user data. It needs Python 3.11 and
    cryptography 38 or later, and nothing else. Without `puppet` it only serves EST.
    """
    folder = Path(__file__).parent
    files = {
        f"portinfra/trust/{each}.py": (folder / f"{each}.py").read_text()
        for each in MODULES
        if puppet or "puppet" not in each
    }
    for name in ("base_errors", "enrolment_port"):
        files[f"portinfra/{name}.py"] = (folder.parent / f"{name}.py").read_text()
    files |= {"portinfra/__init__.py": "", "__main__.py": _MAIN}
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, text in files.items():
            archive.writestr(zipfile.ZipInfo(name, _DATE), _without_docstrings(text))
    return lzma.compress(packed.getvalue(), preset=9)


def _without_docstrings(text: str) -> str:
    """Return a module without texts that only people read. Each other line keeps its number."""
    lines = text.splitlines(keepends=True)
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            assert node.end_lineno
            blank = ["\n"] * (node.end_lineno - node.lineno)
            lines[node.lineno - 1 : node.end_lineno] = [f"{' ' * node.col_offset}...\n", *blank]
    return "".join(lines)
