"""JSON documents: each as its example in docs/json shows it, and none with a secret."""

import json
import re
from pathlib import Path

import json_page
import pytest
from json_schema import document_errors, schema_names

import portinfra
from portinfra.model.plain import plain
from portinfra.provider.abilities import Check, Doctor, Images
from portinfra.provider.registry import substitute
from portinfra.render.documents import natural
from portinfra.testing.fake.plugin import FakePlugin
from portinfra.testing.simulation import simulate

PAGE = Path(__file__).parents[3] / "docs" / "json.md"
SCHEMAS = (
    "plan",
    "outcome",
    "status",
    "render",
    "inventory",
    "output",
    "providers",
    "doctor",
    "image",
    "lockin",
    "move",
    "claim",
    "error",
)

KEPT_IN_A_VAULT = {"vault-point"}
"""What only portinfra itself reads again."""


class OwnHardware(FakePlugin, Doctor, Images):
    """The built-in cloud, if it needed something of this machine and had no images of its own."""

    def doctor(self, location=""):
        return [Check("QEMU", False, "it is not installed", "apt-get install qemu-system-x86")]

    def build_image(self, location, packages, name, say):
        return "debian-12@1"

    def fetch_image(self, location, source, sha256, name, say):
        return "debian-12@1"


@pytest.fixture(scope="module")
def produced(world_on):
    """One document of each schema, as the commands print them, in the story that the page tells."""
    with simulate() as cloud:
        return _produce(world_on(cloud))


def _produce(world):
    found = {}

    def run(*arguments, on=world):
        document = json.loads(on.run(*arguments, "--json").stdout)
        found[document["schema"].partition("/")[0].removeprefix("portinfra.")] = document

    for command in ("render", "inventory", "lockin"):
        run(command, on=world.changing("web", native={"fake": {"host_group": "a"}}))
    run("providers", "fake")
    with substitute(OwnHardware(world.cloud)):
        run("providers", "fake", "--doctor")
        run("image", "build", "--on", "fake:rack")
    run("move", "--to", "fake:eu-west-1", "--plan")
    run("apply", "--yes")
    run("output")
    run("lease")
    rule = {"protocol": "tcp", "first": 22, "last": 22, "peer": "0.0.0.0/0"}
    world.by_hand("AllowTraffic", id=world.id("firewall", "web"), direction="ingress", rules=[rule])
    run("status")
    run("plan", on=world.changing("db", count=2).changing("web", count=1))
    run("apply", "--yes", on=world.changing("web", count=-1))
    return found


def _examples():
    folder = PAGE.parent / "json"
    return {file.stem: json.loads(file.read_text(encoding="utf-8")) for file in folder.iterdir()}


def _fields(document, place="$"):
    """Every place in a document with the types of what stands there; a list is all of its elements."""
    if isinstance(document, dict):
        found = {}
        for key, value in document.items():
            for where, types in _fields(value, f"{place}.{key}").items():
                found.setdefault(where, set()).update(types)
        return found or {place: {"object"}}
    if isinstance(document, list):
        found = {}
        for value in document:
            for where, types in _fields(value, f"{place}[]").items():
                found.setdefault(where, set()).update(types)
        return found or {place: {"list"}}
    return {place: {type(document).__name__}}


@pytest.mark.parametrize("schema", SCHEMAS)
def test_an_example_has_the_fields_that_the_command_prints(produced, schema):
    assert _fields(_examples()[schema]) == _fields(produced[schema])


def _blocks(page):
    text = PAGE.with_name(page).read_text(encoding="utf-8")
    return map(json.loads, re.findall(r"```json\n(.*?)```", text, re.DOTALL))


@pytest.mark.parametrize("page", ["check.md", "services.md", "recovery-json.md", "evidence.md"])
def test_every_example_on_a_page_fits_its_schema(page):
    documents = [document for document in _blocks(page) if "schema" in document]
    assert documents
    assert [wrong for document in documents for wrong in document_errors(document)] == []


def test_every_example_of_its_own_fits_the_schema_that_it_is_called_after():
    for name, document in _examples().items():
        assert document["schema"] == f"portinfra.{name}/1"
        assert document_errors(document) == []


@pytest.mark.parametrize(("name", "later"), [("recovery-status", "reasons")])
def test_a_document_of_an_earlier_version_fits_its_schema(name, later):
    document = _examples()[name]
    assert later in document
    assert document_errors({key: value for key, value in document.items() if key != later}) == []


@pytest.mark.parametrize("name", json_page.PAGES)
def test_the_pages_of_fields_are_those_of_the_schemas(name):
    page = PAGE.with_name(name).read_text(encoding="utf-8")
    assert page == json_page.page(name), "Run .venv/bin/python tools/json_page.py"


def test_every_document_is_on_a_page_of_fields_or_of_recovery():
    listed = {name for names in json_page.PAGES.values() for name in names}
    texts = [PAGE.with_name(name).read_text(encoding="utf-8") for name in ("recovery-json.md", "evidence.md")]
    rest = schema_names() - listed
    assert {name for name in rest if not any(f"portinfra.{name}/1" in text for text in texts)} == set()


def test_every_document_has_a_schema_and_every_schema_a_document():
    source = Path(portinfra.__file__).parent
    written = "".join(file.read_text(encoding="utf-8") for file in source.rglob("*.py"))
    named = set(re.findall(r'"portinfra\.([a-z-]+)/\d+"', written))
    assert named - KEPT_IN_A_VAULT == schema_names()


def test_all_evidence_has_the_same_fields():
    folder = Path(portinfra.__file__).parent / "render" / "schemas"
    drill, *others = (
        json.loads((folder / f"{name}.json").read_text(encoding="utf-8"))
        for name in ("drill", "failover", "refresh")
    )
    for each in others:
        assert each["required"] == drill["required"]
        assert {**each["properties"], "schema": {}} == {**drill["properties"], "schema": {}}


def test_every_schema_has_an_example():
    assert set(_examples()) == set(SCHEMAS)


def test_no_document_has_a_secret(produced):
    assert "canary" not in json.dumps(produced)


def test_the_plan_is_the_published_schema(produced):
    document = produced["plan"]
    assert list(document)[:5] == ["schema", "scope", "summary", "changes", "budget"]
    assert document["scope"] == "shop/demo"
    assert document["summary"] == {"create": 3, "update": 1, "replace": 0, "delete": 2}
    assert list(document["changes"][0]) == ["action", "address", "reason", "before", "after"]
    assert set(document["budget"]) == {"calls", "floor_seconds"}


def test_status_tells_each_attribute_as_it_is_and_as_declared(produced):
    (difference,) = produced["status"]["differences"]
    assert difference["address"] == "firewall-rules.web"
    (attribute,) = difference["attributes"]
    assert attribute["name"] == "ingress"
    assert {"protocol": "tcp", "first": 22, "last": 22, "peer": "0.0.0.0/0"} in attribute["is"]
    assert len(attribute["is"]) == len(attribute["declared"]) + 1


def test_values_are_plain_json():
    assert plain({"b": (1, 2), "a": None}) == {"a": None, "b": [1, 2]}


def test_names_are_sorted_as_people_do():
    assert sorted(["web10", "web2", "db1"], key=natural) == ["db1", "web2", "web10"]
