"""The official discovery document of Compute Engine: every method, parameter, type and enumeration.

It is read in place, from the wheel of google-api-python-client, whose code is not used.
"""

import importlib.util
import json
import re
from functools import cache
from pathlib import Path
from typing import Any

from attrs import field, frozen

BASE = "/compute/v1/"
VERBS = ("GET", "POST", "PATCH", "PUT", "DELETE")

Schema = dict[str, Any]

_ALSO = {"returnPartialSuccess": {"type": "boolean", "location": "query"}}
"""What the document's text asks for ("To prevent failure, Google recommends that you set the
`returnPartialSuccess` parameter to `true`"), and some of its versions leave out of the parameters.
"""


@frozen(eq=False)
class Method:
    """One method, as the document has it."""

    id: str
    """`compute.instances.insert`."""
    verb: str
    path: tuple[str, ...]
    """`("projects", "{project}", …)`."""
    params: dict[str, Schema] = field(repr=False)
    order: tuple[str, ...]
    """The parameters of the path."""
    given: str = ""
    """The name of the body's schema; empty where it takes none."""
    told: str = ""

    @property
    def collection(self) -> str:
        """`instances`."""
        return self.id.split(".")[1]

    @property
    def action(self) -> str:
        """`insert`."""
        return self.id.split(".")[2]

    @property
    def name(self) -> str:
        """`instances.insert`."""
        return self.id.removeprefix("compute.")


@cache
def document() -> dict[str, Any]:
    """The whole of it."""
    spec = importlib.util.find_spec("googleapiclient")
    assert spec is not None, "install google-api-python-client: the bed reads its discovery document"
    assert spec.origin is not None
    path = Path(spec.origin).with_name("discovery_cache") / "documents" / "compute.v1.json"
    told: dict[str, Any] = json.loads(path.read_bytes())
    return told


@cache
def methods() -> dict[str, Method]:
    """Every method, by name: `instances.insert`."""
    found = {}
    for collection in document()["resources"].values():
        for told in collection.get("methods", {}).values():
            method = _method(told)
            found[method.name] = method
    return found


def _method(told: dict[str, Any]) -> Method:
    params = told.get("parameters", {})
    return Method(
        told["id"],
        told["httpMethod"],
        tuple(told["flatPath"].split("/")),
        params | _ALSO if told["id"].endswith((".list", ".aggregatedList")) else params,
        tuple(told.get("parameterOrder", ())),
        told.get("request", {}).get("$ref", ""),
        told.get("response", {}).get("$ref", ""),
    )


@cache
def schema(name: str) -> Schema:
    """A schema by its name."""
    found: Schema = document()["schemas"][name]
    return found


@cache
def common() -> dict[str, Schema]:
    """The parameters that every method takes: `fields`, `alt`."""
    found: dict[str, Schema] = document()["parameters"]
    return found


@cache
def _tree() -> dict[str, Any]:
    """Verb → segment or `*` for any → … → "" → the method."""
    root: dict[str, Any] = {}
    for method in methods().values():
        at = root.setdefault(method.verb, {})
        for segment in method.path:
            at = at.setdefault("*" if segment.startswith("{") else segment, {})
        at[""] = method
    return root


def route(verb: str, path: str) -> tuple[Method, dict[str, str]] | None:
    """The method of a request and the parameters in its path; None where there is no such method."""
    segments = path.removeprefix(BASE).split("/")
    found = _descend(_tree().get(verb, {}), segments)
    if found is None or not path.startswith(BASE):
        return None
    told = {name[1:-1]: given for name, given in zip(found.path, segments, strict=True) if name[0] == "{"}
    return found, told


def _descend(at: dict[str, Any], segments: list[str]) -> Method | None:
    if not segments:
        return at.get("")
    head, *rest = segments
    for step in (head, "*"):
        if head and step in at:
            found = _descend(at[step], rest)
            if found is not None:
                return found
    return None


@cache
def pattern(text: str) -> re.Pattern[str]:
    """A pattern of the document's, which must fit the whole."""
    return re.compile(f"(?:{text})\\Z")
