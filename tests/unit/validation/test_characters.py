"""Text that no cloud could keep is refused: what XML 1.0 cannot carry, and halves of characters."""

import pytest

from portinfra import Environment, Role, Topology, Volume, allow
from portinfra.errors import ValidationError
from portinfra.validation import validate_declared

BELL = "a\u0007b"
SHOP = Topology("shop", [Role("web"), Role("db")])
PLACE = Environment("demo", on="fake:us-east-1")


def wrong(declared, *topologies, **more):
    """The subjects of findings about characters."""
    try:
        validate_declared(declared(*topologies, **more))
    except ValidationError as error:
        return [found.subject for found in error.findings if found.rule.endswith("/character")]
    return []


@pytest.mark.parametrize(
    ("topology", "subject"),
    [
        (Topology("shop", [Role("web")], tags={"bell": BELL}), "topology.shop.tags"),
        (Topology("shop", [Role("web", tags={BELL: ""})]), "role.web.tags"),
        (Topology("shop", [Role("web", public=BELL)]), "role.web.public"),
        (Topology("shop", [Role("web", waive={"R6": BELL})]), "role.web.waive"),
        (Topology("shop", [Role("web", native={"fake": {"host_group": [BELL]}})]), "role.web.native"),
        (
            Topology("shop", [Role("web", volumes=[Volume("data", gib=1, tags={"a": BELL})])]),
            "role.web.volume.data.tags",
        ),
        (Topology("shop", SHOP.roles, [allow("web", "db", tcp=1, why=BELL)]), "flow web → db.why"),
    ],
)
def test_a_control_character_is_refused_wherever_it_is(declared, topology, subject):
    assert wrong(declared, topology) == [subject]


@pytest.mark.parametrize("character", ["\x00", "\x1b", "\ud800", "\uffff"])
def test_every_character_that_xml_has_not_is_refused(declared, character):
    environment = Environment("demo", on="fake:us-east-1", tags={"a": character}, account=character)
    found = wrong(declared, SHOP, environments=[environment])
    assert sorted(found) == ["environment.demo.account", "environment.demo.tags"]


def test_letters_of_all_languages_line_ends_and_tabs_are_accepted(declared):
    tags = {"Kostenträger": "Zürich 🛒", "note": "two\nlines\tand a tab", "right": "שלום"}
    assert wrong(declared, Topology("shop", [Role("web")], tags=tags)) == []


def test_user_data_may_hold_control_characters_but_no_half_of_a_character(declared):
    assert wrong(declared, Topology("shop", [Role("web", user_data="#!/bin/sh\nprintf '\x1b[m'")])) == []
    halved = Topology("shop", [Role("web", user_data="#!/bin/sh\n# \ud800")])
    assert wrong(declared, halved) == ["role.web.user_data"]
