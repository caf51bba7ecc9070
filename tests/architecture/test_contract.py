"""The provider contract is one file, its optional abilities are another, and both are found by type."""

import ast
from abc import ABCMeta
from pathlib import Path

import pytest

from portinfra.provider import abilities, interface
from portinfra.provider.abilities import (
    BlockExport,
    ConsoleReader,
    Doctor,
    Grants,
    Images,
    KeyStates,
    NativeLimits,
    PermissionChecks,
    PermissionPolicies,
    PlatformServices,
    ServerTime,
    SnapshotLocks,
)

ROOT = Path(__file__).parents[2]
SOURCES = sorted((ROOT / "src").rglob("*.py"))
ABILITIES = (
    PermissionPolicies,
    Grants,
    NativeLimits,
    PlatformServices,
    Doctor,
    Images,
    BlockExport,
    ConsoleReader,
    SnapshotLocks,
    KeyStates,
    PermissionChecks,
    ServerTime,
)
METHODS = {method for ability in ABILITIES for method in ability.__abstractmethods__}
CONTRACT = Path(interface.__file__)
PAGE = (ROOT / "docs" / "testing-a-provider.md").read_text(encoding="utf-8")


def lookups(source):
    """Return the code that looks something up by name: `getattr` on a plugin or provider, `getattr` and
    `hasattr` with an ability's method, `__getattr__` of a class of plugins or providers.
    """
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ClassDef) and is_plugin_or_provider(node.name):
            yield from (ast.unparse(each) for each in node.body if getattr(each, "name", "") == "__getattr__")
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Name)):
            continue
        if node.func.id not in ("getattr", "hasattr"):
            continue
        of, name = node.args[:2]
        named = isinstance(name, ast.Constant) and name.value in METHODS
        if named or (node.func.id == "getattr" and is_plugin_or_provider(last_name(of))):
            yield ast.unparse(node)


def last_name(node):
    """`plugin` of `registry.plugin(name)`."""
    while isinstance(node, ast.Call):
        node = node.func
    return getattr(node, "attr", getattr(node, "id", ""))


def is_plugin_or_provider(name):
    return name.lower().endswith(("plugin", "provider"))


@pytest.mark.parametrize(
    "line",
    [
        "getattr(plugin, name)",
        "getattr(self._provider, 'region', '')",
        "getattr(registry.plugin(name), 'anything', None)",
        "getattr(found, 'grants', None)",
        "hasattr(found, 'build_image')",
        "class WrappedPlugin:\n    def __getattr__(self, name): return 1",
    ],
)
def test_a_lookup_by_name_is_recognised(line):
    assert len(list(lookups(line))) == 1


def test_portinfra_looks_up_no_part_of_a_plugin_or_provider_by_name():
    found = {
        str(path.relative_to(ROOT)): lines
        for path in SOURCES
        if (lines := list(lookups(path.read_text(encoding="utf-8"))))
    }
    assert found == {}


def test_the_contract_can_be_read_at_once():
    assert len(CONTRACT.read_text(encoding="utf-8").splitlines()) <= 340


def test_every_optional_ability_is_in_one_file():
    classes = [each for each in vars(abilities).values() if isinstance(each, ABCMeta)]
    defined = {each for each in classes if each.__module__ == abilities.__name__}
    assert defined == set(ABILITIES)


@pytest.mark.parametrize("ability", ABILITIES, ids=lambda ability: ability.__name__)
def test_an_ability_and_its_methods_are_documented(ability):
    (row,) = [line for line in PAGE.splitlines() if line.startswith(f"| `{ability.__name__}` |")]
    assert [method for method in ability.__abstractmethods__ if f"`{method}(" not in row] == []


DRIVERS = sorted(
    path
    for folder in ("providers/aws/src", "providers/gcp/src", "src/portinfra/testing/fake")
    for path in (ROOT / folder).rglob("drivers/*.py")
)


def test_the_drivers_of_aws_google_cloud_and_the_simulator_share_one_life_cycle():
    """Only Google Cloud's firewall rules have a `next_call` of their own: each is a resource there."""
    own = [path for path in DRIVERS if "def next_call(" in path.read_text(encoding="utf-8")]
    assert [str(path.relative_to(ROOT)) for path in own] == [
        "providers/gcp/src/portinfra_gcp/drivers/firewall_rules.py"
    ]
