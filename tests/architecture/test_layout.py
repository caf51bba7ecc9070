"""What import-linter and ruff cannot see."""

import re
import subprocess
import sys
import tomllib
from graphlib import TopologicalSorter
from importlib.metadata import entry_points
from pathlib import Path

import grimp
import pytest

import portinfra

ROOT = Path(__file__).parents[2]
SOURCES = sorted((ROOT / "src").rglob("*.py"))
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
LINES_MAX = 420
PAGE_LINES_MAX = 300


def test_no_module_outgrows_its_idea():
    lines = {str(source.relative_to(ROOT)): len(source.read_text().splitlines()) for source in SOURCES}
    assert lines
    assert {source: count for source, count in lines.items() if count > LINES_MAX} == {}


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.name)
def test_links_lead_somewhere(page):
    for target in re.findall(r"\]\(([^)#:]+)\)", page.read_text()):
        assert (page.parent / target).exists(), f"{page.name} links to {target}"


@pytest.mark.parametrize("folder", ["src", "providers", "tests", "docs", "tools", "examples"])
def test_no_line_breaks_a_link_to_a_source(folder):
    texts = [each for ending in ("*.py", "*.md") for each in (ROOT / folder).rglob(ending)]
    broken = [each for each in texts if re.search(r"https?:$", each.read_text(), re.MULTILINE)]
    assert broken == []


def anchors(page):
    """The names that a link may give to a place of a page: of each heading, as GitHub makes them."""
    text = re.sub(r"^ *```.*?^ *```$", "", page.read_text(), flags=re.MULTILINE | re.DOTALL)
    headings = re.findall(r"^#+ (.*)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.name)
def test_a_link_to_a_heading_leads_to_one(page):
    links = re.findall(r"\]\(([^)#:]*)#([^)]+)\)", page.read_text())
    lost = [(to, name) for to, name in links if name not in anchors(page.parent / to if to else page)]
    assert lost == []


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.name)
def test_a_page_links_to_the_glossary(page):
    assert page.name == "glossary.md" or "glossary.md)" in page.read_text()


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.name)
def test_a_page_answers_one_kind_of_question(page):
    assert len(page.read_text().splitlines()) <= PAGE_LINES_MAX


def test_public_modules_need_no_import_of_their_own():
    program = "import portinfra; portinfra.errors.PortinfraError, portinfra.dr.drill"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


def test_importing_portinfra_imports_none_of_its_modules():
    program = "import sys, portinfra; print(*sorted(n for n in sys.modules if n.startswith('portinfra.')))"
    done = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    assert done.stdout.split() == ["portinfra.version"]


def test_every_public_name_is_found_and_listed():
    assert [name for name in portinfra.__all__ if not hasattr(portinfra, name)] == []
    assert {*portinfra.__all__, "dr", "errors"} <= {*dir(portinfra)}
    assert len(dir(portinfra)) == len({*dir(portinfra)})
    with pytest.raises(AttributeError, match="has no attribute 'Rolle'"):
        portinfra.Rolle  # noqa: B018


def test_the_simulator_is_found_as_any_provider_is():
    (entry,) = entry_points(group="portinfra.providers", name="fake")
    assert entry.load().name == "fake"


def test_no_module_has_the_name_of_a_public_value():
    """Python sets an imported submodule as an attribute of its package, in place of the public value."""
    modules = {path.stem if path.suffix else path.name for path in (ROOT / "src" / "portinfra").iterdir()}
    assert modules.isdisjoint(portinfra.__all__)


def test_no_module_imports_itself_by_way_of_others():
    """Imports for type checks count, which import-linter leaves out of the layers."""
    packages = ("portinfra", "portinfra_aws", "portinfra_gcp", "portinfra_libvirt")
    graph = grimp.build_graph(*packages, cache_dir=None)
    imports = {module: graph.find_modules_directly_imported_by(module) for module in graph.modules}
    TopologicalSorter(imports).prepare()  # a CycleError names the modules


def test_types_are_shipped():
    assert (ROOT / "src" / "portinfra" / "py.typed").exists()


def test_there_is_one_version():
    """The project reads its version from the source. Each provider has the same."""
    from portinfra import __version__

    projects = [tomllib.loads(path.read_text()) for path in (ROOT / "providers").glob("*/pyproject.toml")]
    assert {each["project"]["version"] for each in projects} == {__version__}
    own = tomllib.loads((ROOT / "pyproject.toml").read_text())
    assert own["tool"]["hatch"]["version"]["path"] == "src/portinfra/version.py"


@pytest.mark.parametrize("package", ["planning", "execution", "records"])
def test_what_plans_and_acts_does_not_know_recovery(package):
    """A guard brings what a recovery requires of a plan."""
    sources = (ROOT / "src" / "portinfra" / package).glob("*.py")
    words = re.compile("recover|failover|failback|takeover", re.IGNORECASE)
    assert [source.name for source in sources if words.search(source.read_text())] == []
