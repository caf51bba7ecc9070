"""The object model of SARIF 2.1.0, as its authors generated it from their schema: what a log may contain."""

from collections.abc import Iterator
from typing import Any

import sarif_om
from attrs import NOTHING, fields

PARTS = {
    "artifactLocation": sarif_om.ArtifactLocation,
    "defaultConfiguration": sarif_om.ReportingConfiguration,
    "description": sarif_om.Message,
    "driver": sarif_om.ToolComponent,
    "fullDescription": sarif_om.MultiformatMessageString,
    "help": sarif_om.MultiformatMessageString,
    "invocations": sarif_om.Invocation,
    "locations": sarif_om.Location,
    "logicalLocations": sarif_om.LogicalLocation,
    "message": sarif_om.Message,
    "physicalLocation": sarif_om.PhysicalLocation,
    "region": sarif_om.Region,
    "results": sarif_om.Result,
    "rules": sarif_om.ReportingDescriptor,
    "runs": sarif_om.Run,
    "shortDescription": sarif_om.MultiformatMessageString,
    "suppressions": sarif_om.Suppression,
    "tool": sarif_om.Tool,
    "toolExecutionNotifications": sarif_om.Notification,
}
"""The class of each property that holds an object or a list of objects."""

MAPS = {"originalUriBaseIds": sarif_om.ArtifactLocation}
"""Properties that hold objects by names of the tool's own."""

CHOICES = {
    "level": {"none", "note", "warning", "error"},
    "kind": {"inSource", "external"},
    "columnKind": {"utf16CodeUnits", "unicodeCodePoints"},
    "version": {"2.1.0"},
}
"""Properties whose values the standard lists."""


def log_errors(log: dict[str, Any]) -> list[str]:
    """What is wrong with a log: unknown or missing properties, and values that the standard does not list."""
    return list(_errors(log, sarif_om.SarifLog, "$"))


def _errors(value: dict[str, Any], kind: type[Any], place: str) -> Iterator[str]:
    known = {each.metadata["schema_property_name"]: each for each in fields(kind)}
    for name, each in known.items():
        if each.default is NOTHING and name not in value:
            yield f"{place}: {name} is missing"
    for name, item in value.items():
        where = f"{place}.{name}"
        if name not in known:
            yield f"{where}: a {kind.__name__} has no such property"
        elif name in MAPS:
            for key, part in item.items():
                yield from _errors(part, MAPS[name], f"{where}.{key}")
        elif name in PARTS:
            for number, part in enumerate(item if isinstance(item, list) else [item]):
                yield from _errors(part, PARTS[name], f"{where}[{number}]")
        elif name in CHOICES and kind is not sarif_om.ToolComponent and item not in CHOICES[name]:
            yield f"{where}: {item!r} is not in {sorted(CHOICES[name])}"
