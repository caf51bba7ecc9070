"""The generator of docs/provider-reference.md: kinds and their fields, the arguments of drivers, the bed.

Run it after a change of these classes: `.venv/bin/python tools/provider_reference_page.py`.
"""

import inspect
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from attributes_page import docstrings
from attrs import Attribute, fields

from portinfra.model.batch import Batch
from portinfra.model.former_names import stored_name
from portinfra.model.observed import Observed
from portinfra.model.resources import KINDS, FirewallRules, Instance, Spec
from portinfra.provider import lifecycle
from portinfra.provider.interface import Call, Driver, Names, Refs
from portinfra.testing.conformance import Bed

PAGE = Path(__file__).parents[1] / "docs" / "provider-reference.md"

INTRODUCTION = """\
# Reference of providers

This page is the reference for a developer who [writes a provider](writing-a-provider.md). The
[glossary](glossary.md) explains the words.

This page is made from the classes. Do not edit it: change a docstring in `src/portinfra/`, then run
`.venv/bin/python tools/provider_reference_page.py`.

## The kinds and their fields

`drivers` has one driver for each kind, in this order. A kind refers only to kinds before it. Core
compares each field that is not marked as birth. A difference in a field of `replaces` replaces the
resource; a difference in another field is a call of `update` or `own`.

- **reference**: the address of another resource. It exists before this one.
- **ends with**: a reference. When that resource is gone, this one is gone too, without a call.
- **birth**: only the creating call writes it, and core never compares it. `assemble` returns the
  text `birth` of a host, which the creating call stored.
- **secret**: birth, and no output shows it.

`name` is unique within its kind. `address` is `KIND.NAME`: `subnet.web-0`. `FirewallRules` has the
name of its firewall, and `Attachment` the name of its volume. `zone`, `machine_type` and `image_id`
in a driver are the provider's own names. `source` of a volume is a snapshot's address or native id.
A firewall is closed and a disk is encrypted from its creation.
"""

MARKS = {"reference": "reference", "ends_with": "ends with", "birth": "birth", "secret": "secret"}

NEEDED: dict[tuple[type[Spec], str], str] = {
    (FirewallRules, "ingress"): "Traffic to its hosts; see `Rule`.",
    (FirewallRules, "egress"): "Traffic from its hosts.",
    (Instance, "mounts"): "The volumes that it mounts at every boot.",
    (Instance, "user_data"): "The user data that it runs at its first boot.",
    (Instance, "ssh_keys"): "The public keys that may log in.",
    (Instance, "private_address"): "Its fixed address within the subnet.",
}
"""The texts of fields that have no docstring."""

RULE = """\
`Rule(protocol, first, last, peer)` is one kind of traffic. `protocol` is `tcp`, `udp` or `icmp`.
`first` and `last` are ports, both 0 for icmp. `peer` is a CIDR (`0.0.0.0/0`) or the address of a
firewall (`firewall.web`: the hosts of that firewall). `rule.peer_firewall` is that address, or None
for a CIDR. `FirewallRules` sorts its rules and removes duplicates, so that equal rules are
equal values.
"""


def page() -> str:
    """Return the whole page."""
    kinds = [kind_section(kind) for kind in KINDS]
    about = [
        ("`Driver`", "The class variables and methods of a driver of one kind.", members(Driver)),
        ("`Call`", "One request, not yet made.", members(Call)),
        ("`Batch`", "The value of `Call.batch`, from `portinfra.model.batch`.", members(Batch)),
        ("`Observed`", "One resource as it exists.", members(Observed)),
        ("`Names`", "The argument `names` of `assemble`.", members(Names)),
        ("`Refs`", "The argument `refs` of `next_call`, `create` and `update`.", members(Refs)),
        (
            "`Bed`",
            "The object that a test file passes to the suite. Without an override, tests skip.",
            members(Bed),
        ),
    ]
    tables = [f"## {title}\n\n{text}\n\n{table}\n" for title, text, table in about]
    return "\n".join([INTRODUCTION, *kinds, RULE, next_call_section(), *tables])


def kind_section(kind: type[Spec]) -> str:
    """Return the table of one kind's fields."""
    about = inspect.cleandoc(kind.__doc__ or "").partition("\n\n")[0].replace("\n", " ")
    rows = [_field_row(kind, each) for each in fields(kind) if each.name not in ("name", "location")]
    return "\n".join([f"### {kind.__name__}\n", f"{about}\n", "| field | | |", "|---|---|---|", *rows, ""])


def _field_row(kind: type[Spec], each: "Attribute[Any]") -> str:
    marks = ", ".join(text for key, text in MARKS.items() if each.metadata.get(key))
    text = docstrings(kind).get(each.name) or NEEDED.get((kind, each.name), "")
    stored = stored_name(each)
    if stored != each.name:
        text = text.removesuffix(f"Its former name is `{stored}`.").strip()
        setting = f"`{kind.__name__}({each.name}=…)` sets it."
        text = f"{text} Drivers and stored data call it `{stored}`; {setting}".strip()
    return f"| `{stored}` | {marks or 'compared'} | {text} |"


def next_call_section() -> str:
    """Return the table of `LifecycleDriver.next_call`."""
    table = (lifecycle.__doc__ or "").partition("\n| what")[2]
    head = "`LifecycleDriver.next_call` answers with the first line that applies:"
    return f"## The next call\n\n{head}\n\n| what{table}"


def members(of: type[Any]) -> str:
    """Return the table of a class's attributes and methods with their docstrings."""
    texts = docstrings(of)
    rows = [f"| `{name}` | {_line(text)} |" for name, text in texts.items()]
    rows += [f"| `{signature}` | {_line(text)} |" for signature, text in _methods(of)]
    return "\n".join(["| | |", "|---|---|", *rows])


def _methods(of: type[Any]) -> Iterator[tuple[str, str]]:
    for name, member in vars(of).items():
        if name.startswith("_"):
            continue
        if isinstance(member, property):
            yield name, inspect.getdoc(member) or ""
        elif inspect.isfunction(member):
            arguments = [each for each in inspect.signature(member).parameters if each != "self"]
            yield f"{name}({', '.join(arguments)})", inspect.getdoc(member) or ""


def _line(text: str) -> str:
    """Return the first paragraph of a docstring as one line of a table."""
    return re.sub(r"\s+", " ", text.partition("\n\n")[0]).replace("|", "\\|")


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
