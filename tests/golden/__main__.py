"""Write the golden documents, as this version of portinfra prints them.

    .venv/bin/python tests/golden

Do this only where a document is meant to change, and read `git diff tests/golden` before you commit it.
"""

import sys

from golden import DECLARATIONS, DOCUMENTS, written

for declaration in DECLARATIONS:
    for name, text in written(declaration).items():
        (DOCUMENTS / name).write_text(text, encoding="utf-8")
        sys.stdout.write(f"{name}: {len(text):,} characters\n")
