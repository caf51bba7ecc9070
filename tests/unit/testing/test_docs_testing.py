"""The page on testing: its blocks, put together, are a test file that passes."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

DOCUMENT = (Path(__file__).parents[3] / "docs" / "testing.md").read_text()


@pytest.mark.slow
def test_the_page_is_a_test_file_that_passes(tmp_path):
    blocks = re.findall(r"```python\n(.*?)```", DOCUMENT, re.DOTALL)
    (tmp_path / "test_page.py").write_text("\n\n".join(blocks))
    ended = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(tmp_path)],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout
    assert "7 passed" in ended.stdout
