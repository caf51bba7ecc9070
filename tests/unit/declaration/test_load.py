"""What `-f` takes: a file, a directory, HCL or Python."""

import os
import subprocess
import sys

import pytest

from portinfra import RecoveryPlan, Topology
from portinfra.declaration import load as load_module
from portinfra.declaration.declared import Declared
from portinfra.declaration.load import load
from portinfra.errors import DeclarationError

SCRIPT = """
from portinfra import Environment, RecoveryPlan, Role, Topology
from beside import SIZE

shop = Topology("shop", roles=[Role("web", size=SIZE)])
again = shop
places = [Environment("production", on="fake:a"), Environment("recovery", on="fake:b")]
plan = RecoveryPlan("shop", places[0], places[1], rpo="1h", rto="1h", waves=[["web"]])

if __name__ == "__main__":
    raise SystemExit("not reached")
"""


def test_a_script_is_run_and_its_values_are_taken(tmp_path):
    (tmp_path / "shop.py").write_text(SCRIPT)
    (tmp_path / "beside.py").write_text('SIZE = "large"\n')
    declared = load(tmp_path / "shop.py")
    assert declared.topology().role("web").size == "large"
    assert [environment.name for environment in declared.environments] == ["production", "recovery"]
    assert declared.recovery("shop").target == "recovery"
    assert declared.topology().role("web").location.line == 5


def test_a_neighbour_is_forgotten_afterwards(tmp_path):
    for size in ("large", "small"):
        folder = tmp_path / size
        folder.mkdir()
        (folder / "shop.py").write_text(SCRIPT)
        (folder / "beside.py").write_text(f'SIZE = "{size}"\n')
        assert load(folder / "shop.py").topology().role("web").size == size
    assert "beside" not in sys.modules
    assert str(tmp_path / "large") not in sys.path


def test_cli_without_a_guard_is_captured_not_run(tmp_path):
    (tmp_path / "shop.py").write_text(
        "from portinfra import Environment, Role, Topology, cli\n"
        'cli(Topology("shop", roles=[Role("web")]), environments=[Environment("test", on="fake:a")])\n'
    )
    declared = load(tmp_path)
    assert declared.topology().name == "shop"
    assert declared.environment().name == "test"


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("a = 1\nb = 1 / 0\n", 2, "ZeroDivisionError"),
        ("a = 1\nimport nothing_of_this_name\n", 2, "nothing_of_this_name"),
        ("a = 1\nb = (\n", 2, "not Python"),
        ("import sys\nsys.exit(3)\n", 2, "ends its process"),
        ("from portinfra import Role\n\nRole('web', cuont=3)\n", 3, "cuont"),
        ("from portinfra import file\nfile('none.sh')\n", 2, "none.sh"),
        ("def inner():\n    raise KeyError('k')\n\ninner()\n", 2, "KeyError"),
    ],
)
def test_an_error_in_a_script_has_the_users_line(text, line, words, tmp_path):
    (tmp_path / "shop.py").write_text(text)
    with pytest.raises(DeclarationError, match=words) as error:
        load(tmp_path / "shop.py")
    assert error.value.location
    assert (error.value.location.file, error.value.location.line) == (str(tmp_path / "shop.py"), line)
    assert error.value.fix


def test_two_of_one_name_are_an_error(tmp_path):
    (tmp_path / "shop.py").write_text(
        "from portinfra import Environment\n"
        'a = Environment("test", on="fake:a")\nb = Environment("test", on="fake:b")\n'
    )
    with pytest.raises(DeclarationError, match=r"already declared at .*:2") as error:
        load(tmp_path)
    assert error.value.location
    assert error.value.location.line == 3


@pytest.mark.parametrize(
    "copied", ["locals {\n  a = 1\n}\n", 'topology "p" {\n}\n', 'topology "p" {\n}\ntopology "q" {\n}\n']
)
def test_a_copied_file_is_explained_once_with_the_option_that_reads_one(copied, tmp_path):
    for name in ("shop.hcl", "shop-old.hcl"):
        (tmp_path / name).write_text(copied)
    with pytest.raises(DeclarationError) as error:
        load(tmp_path)
    assert error.value.fix.endswith(
        "portinfra reads every .hcl file of a directory. To read one file: -f FILE."
    )
    (tmp_path / "shop.hcl").write_text(copied * 2)
    with pytest.raises(DeclarationError) as error:
        load(tmp_path / "shop.hcl")
    assert "-f FILE" not in error.value.fix


def test_a_directory_is_its_hcl_even_beside_python(tmp_path):
    (tmp_path / "a.hcl").write_text('topology "p" {\n}\n')
    (tmp_path / "b.hcl").write_text('environment "e" {\n  on = "a:b"\n}\n')
    (tmp_path / "shop.py").write_text("1 / 0")
    declared = load(tmp_path)
    assert (declared.topology().name, declared.environment().name) == ("p", "e")


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ([], "neither .hcl files nor a .py"),
        (["a.py", "b.py"], "several Python files: a.py, b.py"),
    ],
)
def test_a_directory_that_does_not_tell_is_an_error(files, words, tmp_path):
    for file in files:
        (tmp_path / file).write_text("")
    with pytest.raises(DeclarationError, match=words):
        load(tmp_path)


def test_what_is_no_declaration_is_an_error(tmp_path):
    (tmp_path / "a.yaml").write_text("")
    with pytest.raises(DeclarationError, match="neither HCL nor Python"):
        load(tmp_path / "a.yaml")
    with pytest.raises(DeclarationError, match="no file or directory"):
        load(tmp_path / "b.hcl")


def test_variables_are_not_for_python(tmp_path):
    (tmp_path / "a.py").write_text("")
    with pytest.raises(DeclarationError, match="only HCL has variables"):
        load(tmp_path, {"a": "b"})


def test_an_unknown_name_is_answered_with_the_nearest(load_hcl):
    declared = load_hcl('environment "production" {\n  on = "a:b"\n}\nenvironment "test" {\n  on = "a:c"\n}')
    assert declared.environment("test").on == "a:c"
    with pytest.raises(DeclarationError) as error:
        declared.environment("prodution")
    assert error.value.fix == "Did you mean 'production'?"
    with pytest.raises(DeclarationError, match="there are 2 environments"):
        declared.environment()
    with pytest.raises(DeclarationError, match="no topology is declared"):
        Declared().topology()


@pytest.mark.parametrize(
    ("value", "imports"), [("local.a", []), ("local.a + 1", ["hcl2", "lark"])], ids=["plain", "an operator"]
)
def test_python_hcl2_is_imported_only_for_hcl_that_is_not_plain(value, imports, tmp_path):
    (tmp_path / "shop.hcl").write_text(f"locals {{\n  a = 1\n  b = {value}\n}}\n", encoding="utf-8")
    code = (
        "import sys; from pathlib import Path; from portinfra.declaration.load import load\n"
        "load(Path('shop.hcl')); print(*sorted({'hcl2', 'lark'}.intersection(sys.modules)))"
    )
    known = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    arguments = [sys.executable, "-c", code]
    done = subprocess.run(arguments, check=True, env=known, cwd=tmp_path, capture_output=True, text=True)
    assert done.stdout.split() == imports


def test_a_recovery_plan_protects_the_topology_of_its_name_or_the_only_one():
    shop, office = Topology("shop", []), Topology("office", [])
    plan = RecoveryPlan("shop", "production", "recovery", rpo="1h", rto="1h", waves=[])
    assert Declared((office, shop)).topology_of(plan) is shop
    assert Declared((office,)).topology_of(plan) is office
    with pytest.raises(DeclarationError, match="'shop'"):
        Declared((office, Topology("lab", []))).topology_of(plan)


def test_settings_of_a_provider_beside_a_declaration_are_no_part_of_it(tmp_path, monkeypatch):
    (tmp_path / "shop.hcl").write_text('topology "shop" {}\n')
    (tmp_path / "sites.hcl").write_text('site "rack" {}\n')
    monkeypatch.setattr(load_module, "settings_files", lambda: frozenset({"sites.hcl"}))
    assert load(tmp_path).topology().name == "shop"
    monkeypatch.setattr(load_module, "settings_files", frozenset)
    with pytest.raises(DeclarationError, match="there is no block 'site'"):
        load(tmp_path)
