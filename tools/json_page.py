"""The generator of docs/json-changes.md and docs/json-lists.md: every field of the documents.

Run it after a change of a schema: `.venv/bin/python tools/json_page.py`. The documents of recovery have pages
of their own, and the attributes of a resource are in docs/provider-reference.md.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
SCHEMAS = ROOT / "src" / "portinfra" / "render" / "schemas"

PAGES = {
    "json-changes.md": ("plan", "outcome", "status", "check", "error", "change", "finding", "hop"),
    "json-lists.md": (
        *("render", "inventory", "output", "hosts", "hosts-status", "claim"),
        *("lockin", "move", "providers", "doctor", "image"),
    ),
}
"""The page in docs/ → its documents, and the parts that several documents have."""

TITLES = {
    "json-changes.md": "Fields of JSON documents: changes, differences and findings",
    "json-lists.md": "Fields of JSON documents: resources, hosts and providers",
}

INTRODUCTION = """\
This page is for people who write programs that read the output of portinfra. It lists every field
of these documents. [JSON](json.md) says what all documents have in common, and has examples. The
[glossary](glossary.md) explains the words.

`[]` means each element of a list, and `.NAME` each key of a mapping. The pages leave `schema` out.
The attributes of a resource are in the [reference of providers](provider-reference.md).

This page is made from the schemas. Do not edit it: change a `description` in
`src/portinfra/render/schemas/`, then run `.venv/bin/python tools/json_page.py`.
"""


def page(name: str) -> str:
    """Return one of the pages."""
    return "\n".join([f"# {TITLES[name]}", "", INTRODUCTION, *map(section, PAGES[name])])


def section(name: str) -> str:
    """Return the section of one document, or of a part that several documents have."""
    schema = json.loads((SCHEMAS / f"{name}.json").read_text(encoding="utf-8"))
    table = ["| field | value | what it is |", "|---|---|---|"]
    rows = (
        f"| `{path}` | {value(field)} | {field['description']} |"
        for path, field in fields(schema)
        if path != "schema"
    )
    return "\n".join([f"## {_title(name)}", "", schema["description"], "", *table, *rows, ""])


def fields(schema: dict[str, Any], path: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield every field with its path, in the order of the schema."""
    for name, field in schema.get("properties", {}).items():
        yield f"{path}{name}", field
        yield from _within(field, f"{path}{name}")


def _within(field: dict[str, Any], path: str) -> Iterator[tuple[str, dict[str, Any]]]:
    yield from fields(field, f"{path}.")
    if isinstance(field.get("items"), dict):
        yield from _within(field["items"], f"{path}[]")
    if isinstance(field.get("additionalProperties"), dict):
        yield from _within(field["additionalProperties"], f"{path}.NAME")
    for each in field.get("anyOf", ()):
        yield from _within(each, path)


def value(field: dict[str, Any]) -> str:
    """Return the type of a field in words."""
    if "enum" in field:
        return ", ".join(f"`{each}`" for each in field["enum"])
    if "const" in field:
        return f"`{field['const']}`"
    if "$ref" in field:
        name = field["$ref"].removesuffix(".json")
        return f"[{name}]({_link(name)})"
    if "anyOf" in field:
        return " or ".join(dict.fromkeys(map(value, field["anyOf"])))
    if field.get("type") == "array":
        return f"list of {value(field['items'])}" if field.get("items") else "list"
    types = field.get("type", "any value")
    return " or ".join([types] if isinstance(types, str) else types)


def _link(name: str) -> str:
    if name == "resource":
        return "provider-reference.md"
    page = next(page for page, names in PAGES.items() if name in names)
    return f"{page}#{_title(name).lower().replace(' ', '-').translate(_LEFT_OUT)}"


def _title(name: str) -> str:
    return f"{name}: a part of others" if name in ("change", "finding", "hop") else f"portinfra.{name}/1"


_LEFT_OUT = str.maketrans("", "", ":./")
"""The characters that are not in the anchor of a heading."""


if __name__ == "__main__":
    for name in PAGES:
        (ROOT / "docs" / name).write_text(page(name), encoding="utf-8")
