"""The labels that all formats share."""

from collections.abc import Iterator, Sequence
from textwrap import wrap

from portinfra.render.diagrams.picture import Cell, Link, Picture, Row
from portinfra.value import frozen

HOSTS_SHOWN = 4
ARROWS_SHOWN = 6
"""The most arrows of a flow. Above it, the flow is a text: `called by all but config: tcp 8140`."""

LINE = 56
"""The most characters in a line of a label."""


@frozen
class Arrow:
    """An arrow from one role or outside peer to another."""

    source: str
    target: str
    ports: str
    inwards: bool
    """Whether it points downwards in the diagram, away from the internet."""


def title(picture: Picture) -> str:
    """Return the title of a diagram."""
    return f"{picture.topology} in {picture.environment}, from the declaration"


def place(picture: Picture) -> str:
    """Return the location and the network of a diagram."""
    return f"{picture.place}, private network {picture.cidr}"


def outside_label(peer: str) -> str:
    """Return the label of an outside peer."""
    return "The internet" if peer == "internet" else peer


def outside_ids(picture: Picture) -> dict[str, str]:
    """Return an id for each outside peer."""
    return {peer: f"outside_{index}" for index, peer in enumerate(picture.outside)}


def cell_lines(zone: str, cell: Cell) -> list[str]:
    """Return a line for a subnet and one for each of its hosts; of many, the first two and the last."""
    lines = [
        " ".join([host.name, host.address, *(f"+ {name} {gib} GiB" for name, gib in host.volumes)])
        for host in cell.hosts
    ]
    if len(lines) > HOSTS_SHOWN:
        lines = [*lines[:2], f"… {len(lines) - 3} more ({len(lines)} hosts)", lines[-1]]
    return [f"{zone}: {cell.cidr}", *(lines or ["no hosts"])]


def role_lines(row: Row, picture: Picture) -> list[str]:
    """Return the lines of a role, with the flows that are texts and not arrows."""
    lines = [row.role, row.detail, *([f"for: {row.public}"] if row.public else [])]
    for link in picture.links:
        for remark in _remarks(row.role, link, [each.role for each in picture.rows]):
            lines += wrap(remark, LINE)
    return lines


def arrows(picture: Picture) -> Iterator[Arrow]:
    """Yield an arrow for each pair of ends of the flows that are drawn."""
    order = {peer: rank for rank, peer in enumerate([*picture.outside, *(row.role for row in picture.rows)])}
    for link in picture.links:
        if _is_wide(link):
            continue
        for source in link.sources:
            for target in link.targets:
                if source != target:
                    yield Arrow(source, target, ", ".join(link.ports), order[source] < order[target])


def peers(names: Sequence[str], roles: Sequence[str]) -> str:
    """Return several names as a short text: the names, or all roles but a few."""
    others = [role for role in roles if role not in names]
    if len(names) > 4 and len(others) < len(names) and set(names) <= set(roles):
        return f"all but {', '.join(others)}" if others else "all roles"
    return ", ".join(names)


def _is_wide(link: Link) -> bool:
    return len(link.sources) * len(link.targets) > ARROWS_SHOWN


def _remarks(role: str, link: Link, roles: Sequence[str]) -> Iterator[str]:
    ports = ", ".join(link.ports)
    few_targets = len(link.targets) <= len(link.sources)
    if _is_wide(link) and few_targets and role in link.targets:
        yield f"called by {peers(link.sources, roles)}: {ports}"
    elif _is_wide(link) and not few_targets and role in link.sources:
        yield f"may call {peers(link.targets, roles)}: {ports}"
    elif not _is_wide(link) and role in link.sources and role in link.targets:
        yield f"among themselves: {ports}"
