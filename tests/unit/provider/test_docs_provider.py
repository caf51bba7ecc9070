"""The pages on writing and testing a provider: their blocks are parts of a provider that passes the suite."""

import re
from pathlib import Path

import provider_reference_page
import pytest

from portinfra.testing.conformance import Bed, ProviderConformance
from portinfra.testing.emulator import MISHAPS

ROOT = Path(__file__).parents[3]
PAGES = [(ROOT / "docs" / f"{name}-a-provider.md").read_text() for name in ("writing", "testing")]
DOCUMENT = "\n".join(PAGES)
EXAMPLE = {path.name: path.read_text() for path in (ROOT / "examples" / "acme").rglob("*.py")}
BLOCKS = re.findall(r"```python\n(.*?)```", DOCUMENT, re.DOTALL)


def is_quoted(block):
    """Whether a block is a part of a file of the example."""
    return any(block.strip("\n") in text for text in EXAMPLE.values())


def test_every_block_is_a_part_of_the_example_but_the_emulator():
    """tests/conformance/test_acme.py runs the suite for the example."""
    (other,) = [block for block in BLOCKS if not is_quoted(block)]
    assert "class AcmeCloud(Emulator" in other


@pytest.fixture(scope="module")
def page():
    """The names of the one block that is a program of its own."""
    names = {"__name__": "page"}
    for block in BLOCKS:
        if not is_quoted(block):
            exec(compile(block, "docs/testing-a-provider.md", "exec"), names)
    return names


def test_the_reference_is_made_from_the_classes_as_they_are():
    assert provider_reference_page.PAGE.read_text(encoding="utf-8") == provider_reference_page.page(), (
        "Run .venv/bin/python tools/provider_reference_page.py"
    )


def test_every_member_of_a_bed_is_in_the_reference():
    reference = provider_reference_page.members(Bed)
    members = {name for name in {*vars(Bed), *Bed.__annotations__} if not name.startswith("_")}
    assert [name for name in sorted(members) if not re.search(rf"`{name}[`(]", reference)] == []


@pytest.mark.parametrize("page", PAGES, ids=["writing", "testing"])
def test_a_page_can_be_read_at_once(page):
    lines = page.splitlines()
    assert len(lines) < 300
    assert [line for line in lines if len(line) > 100 and not line.startswith("|")] == []


def test_its_emulator_serves_counts_and_refuses_as_it_says(page):
    assert page["first"] == {"zones": ["a", "b"]}
    assert (page["second"], page["counted"]) == (503, {"GET /zones": 2})


def test_every_mishap_of_an_emulator_is_named():
    assert [each for each in MISHAPS if f"`{each}`" not in DOCUMENT] == []


def test_every_test_and_ability_that_it_names_is_there():
    for name in re.findall(r"`(test_\w+)", DOCUMENT):
        assert [test for test in dir(ProviderConformance) if test.startswith(name)], name
