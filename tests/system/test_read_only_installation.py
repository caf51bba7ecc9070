"""An installation that cannot be written: the HCL grammar is compiled once for each user."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = """
import logging, sys
from pathlib import Path
import hcl2.parser, lark.lark
from portinfra.declaration.hcl.grammar import read_all
from portinfra.declaration.hcl.source import Source

hcl2.parser.PARSER_FILE = Path("/proc/installation/grammar.bin")  # no process can write there
logging.disable()
compiled, load_grammar = [], lark.lark.load_grammar
lark.lark.load_grammar = lambda *given: compiled.append(1) or load_grammar(*given)
read_all(Source("inline", "a = [for each in b : each]\\n"), 1)
print(len(compiled))
"""


def compilations(**variables):
    """Return how many grammars a new process compiles to read one text."""
    environment = {**os.environ, "PYTHONPATH": ":".join(sys.path), **variables}
    run = subprocess.run(
        [sys.executable, "-c", PROGRAM], env=environment, capture_output=True, text=True, check=True
    )
    return int(run.stdout)


@pytest.mark.parametrize("variable", ["XDG_CACHE_HOME", "HOME"])
def test_the_second_process_of_a_user_compiles_no_grammar(tmp_path, variable):
    own = {"XDG_CACHE_HOME": "", variable: str(tmp_path)}
    assert [compilations(**own), compilations(**own)] == [1, 0]
    (file,) = (path for path in Path(tmp_path).rglob("*") if path.is_file())
    assert file.parent.name == "portinfra"
    assert file.parent.stat().st_mode & 0o077 == 0


def test_a_user_without_a_home_can_read_all_the_same():
    assert compilations(XDG_CACHE_HOME="/proc/cache") == 1
