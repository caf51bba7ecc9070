"""The programs of this package as one file that Debian 12's Python runs: a zip archive with `__main__.py`."""

import io
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


def make_archive() -> bytes:
    """Return the archive. It needs Python 3.11 and cryptography 38 or later, and nothing else."""
    folder = Path(__file__).parent
    files = {f"portinfra/trust/{each}.py": (folder / f"{each}.py").read_text() for each in MODULES}
    files["portinfra/base_errors.py"] = (folder.parent / "base_errors.py").read_text()
    files |= {"portinfra/__init__.py": "", "__main__.py": _MAIN}
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in files.items():
            archive.writestr(zipfile.ZipInfo(name, _DATE), text, zipfile.ZIP_DEFLATED)
    return packed.getvalue()
