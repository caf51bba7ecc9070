"""Providers are found by entry point, imported when asked for, and named when they cannot be."""

import importlib
import sys
from importlib.metadata import EntryPoint
from types import SimpleNamespace

import pytest

from portinfra import Environment
from portinfra.errors import ProviderError, Unsupported
from portinfra.model.catalogue import Capabilities
from portinfra.model.resources import KINDS, Network, PublicAddress, Snapshot, Spec, Subnet, Volume
from portinfra.provider import registry
from portinfra.provider.completeness import LIVE, find_defects
from portinfra.provider.own_code import DEFECT_FIX

PROVIDER = """
from types import SimpleNamespace
from portinfra.model.catalogue import Capabilities
from portinfra.model.resources import KINDS
name, capabilities, sizes, images, native = "steam", Capabilities(), {}, (), {}
class Provider:
    def __getattr__(self, name):
        return {}

def connect(environment):
    provider = Provider()
    provider.capabilities = capabilities
    provider.drivers = {kind: SimpleNamespace(spec=kind) for kind in KINDS}
    provider.region = environment.region
    return provider
"""


@pytest.fixture
def install(tmp_path, monkeypatch):
    """Install a provider whose module has this text."""
    monkeypatch.setattr(registry, "loaded", {})
    monkeypatch.syspath_prepend(tmp_path)
    entries = []
    monkeypatch.setattr(registry, "entry_points", lambda group: [e for e in entries if e.group == group])

    def _install(name: str, text: str) -> str:
        module = f"provider_under_test_{name}"
        (tmp_path / f"{module}.py").write_text(text, encoding="utf-8")
        monkeypatch.delitem(sys.modules, module, raising=False)
        entries.append(EntryPoint(name, module, registry.GROUP))
        return module

    return _install


def refusal(name: str) -> Unsupported:
    with pytest.raises(Unsupported) as caught:
        registry.plugin(name)
    return caught.value


def test_the_built_in_cloud_is_installed():
    assert registry.plugin("fake").name == "fake"


def test_an_environment_is_connected_by_its_own_provider(install):
    install("steam", PROVIDER)
    assert registry.connect(Environment("engine", on="steam:york")).region == "york"


HALF = """
from portinfra.model.catalogue import Capabilities
name, capabilities, sizes, images, native = "steam", Capabilities(), {}, (), {}
class Provider:
    name, capabilities, clock, drivers = "steam", None, None, {}
def connect(environment):
    return Provider()
"""


def test_a_provider_that_is_not_whole_is_named_with_what_it_lacks(install):
    install("steam", HALF)
    with pytest.raises(Unsupported, match="has no records, account_calls") as caught:
        registry.connect(Environment("engine", on="steam:york"))
    assert "defect" in caught.value.fix


def provider_with(drivers, **capabilities):
    """A provider with these drivers and capabilities."""
    parts = dict.fromkeys(LIVE) | {"drivers": drivers, "capabilities": Capabilities(**capabilities)}
    return SimpleNamespace(**parts)


def drivers_of(*kinds):
    return {kind: SimpleNamespace(spec=kind) for kind in kinds}


def test_every_kind_without_a_driver_is_named_at_once():
    some = drivers_of(*(kind for kind in KINDS if kind not in (Network, Snapshot)))
    assert find_defects(provider_with(some)) == [
        "It has no driver for Network.",
        "It has no driver for Snapshot, though its capabilities say snapshots=True.",
    ]


@pytest.mark.parametrize(
    ("kind", "capability"), [(PublicAddress, "public_addresses"), (Snapshot, "snapshots")]
)
def test_a_driver_may_be_missing_where_a_capability_says_so(kind, capability):
    without = drivers_of(*(each for each in KINDS if each is not kind))
    assert find_defects(provider_with(without, **{capability: False})) == []
    assert find_defects(provider_with(without)) != []
    assert find_defects(provider_with(drivers_of(*KINDS), **{capability: False})) == []


def test_drivers_in_another_order_than_that_of_the_kinds_are_refused():
    swapped = drivers_of(Subnet, Network, *KINDS[2:])
    (defect,) = find_defects(provider_with(swapped))
    assert defect.startswith("Its driver for Network must come before Subnet: the order is Network, Subnet, ")


def test_drivers_of_other_kinds_are_named():
    drivers = drivers_of(*KINDS) | {Volume: SimpleNamespace(spec=Subnet), Spec: SimpleNamespace(spec=Spec)}
    assert find_defects(provider_with(drivers)) == [
        "Its driver for Volume has the spec of another kind, Subnet.",
        "It has a driver for Spec, which is no kind of resource.",
    ]


def test_drivers_that_are_no_drivers_are_named():
    assert find_defects(provider_with([])) == ["Its drivers are no mapping of kinds to drivers."]
    broken = drivers_of(*KINDS) | {Volume: object()}
    assert find_defects(provider_with(broken)) == ["Its driver for Volume has no spec."]


@pytest.mark.parametrize(
    ("key", "sentence"),
    [
        ("network", "Its drivers have the key 'network': use the class Network."),
        ("publicaddress", "Its drivers have the key 'publicaddress': use the class PublicAddress."),
        (7, "Its drivers have the key 7, which is no class of a resource."),
    ],
)
def test_a_key_of_drivers_that_is_no_class_is_named_with_the_class_to_use(key, sentence):
    assert find_defects(provider_with({key: SimpleNamespace(spec=Network)})) == [sentence]
    assert find_defects(provider_with({key: object()})) == [sentence]


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_a_provider_without_a_driver_is_refused_by_its_name_and_the_kind(install, kind):
    lacking = f"in KINDS if kind.__name__ != {kind.__name__!r}}}"
    install("steam", PROVIDER.replace("in KINDS}", lacking))
    with pytest.raises(Unsupported, match=f"'steam' .* It has no driver for {kind.__name__}"):
        registry.connect(Environment("engine", on="steam:york"))


def test_a_provider_that_lacks_drivers_is_refused_when_it_is_connected(install):
    install("steam", PROVIDER.replace("in KINDS}", "in KINDS[1:]}"))
    with pytest.raises(Unsupported, match=r"contract\. It has no driver for Network"):
        registry.connect(Environment("engine", on="steam:york"))


def test_listing_imports_no_provider_and_is_in_order_of_names(install):
    modules = [install(name, "raise RuntimeError('imported')") for name in ("steam", "diesel")]
    assert list(registry.list_installed()) == ["diesel", "steam"]
    assert not set(modules) & set(sys.modules)


def test_a_slip_of_the_pen_is_answered_with_the_name_that_was_meant(install):
    install("fake", PROVIDER)
    assert refusal("fak").fix == "Did you mean 'fake'? Installed here: fake."
    assert "Did you mean 'libvirt'?" in refusal("libvrit").fix


@pytest.mark.parametrize("name", registry.OURS)
def test_a_provider_of_ours_that_is_missing_says_what_to_install(name, install):
    assert f"Install portinfra-{name}" in refusal(name).fix


def test_nobody_is_told_to_install_a_package_that_may_be_anybodys(install):
    install("fake", PROVIDER)
    error = refusal("azure")
    assert str(error) == "there is no provider 'azure'"
    assert error.fix == "Installed here: fake."


def test_with_no_provider_at_all_that_is_said(install):
    assert refusal("azure").fix == "Installed here: none."


def test_a_provider_that_cannot_be_imported_is_named_with_the_cause(install):
    module = install("steam", "import a_library_that_nobody_has")
    error = refusal("steam")
    cause = "ModuleNotFoundError: No module named 'a_library_that_nobody_has'"
    assert f"'steam' ({module}) cannot be imported: {cause} (" in str(error)
    assert f"{module}.py, line 1)" in str(error)
    assert isinstance(error.__cause__, ImportError)
    assert error.fix.startswith("Install the Python module 'a_library_that_nobody_has'")


@pytest.mark.parametrize("text", ["name = 1\nCAPABILITIES", "import math\nname ="], ids=["name", "syntax"])
def test_a_defect_in_an_imported_provider_has_its_file_and_line_and_no_other_installation(install, text):
    module = install("steam", text)
    error = refusal("steam")
    assert f"{module}.py, line 2)" in str(error)
    assert error.fix == DEFECT_FIX


def test_a_provider_whose_module_is_missing_is_installed_again(install, tmp_path):
    module = install("steam", "")
    (tmp_path / f"{module}.py").unlink()
    assert refusal("steam").fix.startswith("Install the distribution that it came with again")


@pytest.mark.parametrize(
    ("defect", "named", "fix"),
    [
        ("{}.shape", "connect raised AttributeError: ", DEFECT_FIX),
        (
            "import no_such_sdk",
            "connect raised ModuleNotFoundError: ",
            "Install the Python module 'no_such_sdk'",
        ),
    ],
)
def test_a_defect_in_connect_is_the_providers_and_has_its_line(install, defect, named, fix):
    module = install("steam", PROVIDER.replace("    provider = Provider()", f"    {defect}"))
    line = (PROVIDER.splitlines().index("    provider = Provider()")) + 1
    with pytest.raises(ProviderError) as caught:
        registry.connect(Environment("engine", on="steam:york"))
    assert str(caught.value).startswith(named)
    assert f"({module}.py, line {line})" in str(caught.value)
    assert caught.value.fix.startswith(fix)


def test_an_entry_point_that_is_no_provider_says_what_it_lacks(install):
    install("steam", 'name = "steam"')
    assert "is no provider: it has no capabilities, sizes, images, native, connect" in str(refusal("steam"))


def test_a_provider_that_says_that_it_exports_blocks_has_to_say_how(install):
    install("steam", PROVIDER + "capabilities = Capabilities(block_export=True)\n")
    assert "does not inherit BlockExport, but its capabilities say block_export=True" in str(refusal("steam"))


EXPORTS = """
import sys
from portinfra.model.catalogue import Capabilities
from portinfra.provider.abilities import BlockExport
class Plugin(BlockExport):
    name, capabilities, sizes, images, native = "steam", Capabilities(), {}, (), {}
    connect = block_reader = block_problem = block_grants = None
sys.modules[__name__] = Plugin()
"""


def test_a_provider_that_exports_blocks_has_to_say_so(install):
    install("steam", EXPORTS)
    assert "inherits BlockExport, but its capabilities say block_export=False" in str(refusal("steam"))


def test_the_distribution_to_install_again_is_the_one_that_it_came_with(install, monkeypatch):
    broken = SimpleNamespace(
        name="steam",
        value="no_steam:plugin",
        dist=SimpleNamespace(name="steam-cloud"),
        load=lambda: importlib.import_module("no_steam"),
    )
    monkeypatch.setattr(registry, "entry_points", lambda group: [broken])
    assert "Install steam-cloud again" in refusal("steam").fix
