"""The lists that drivers read: by name, in large pages, each list once for all kinds that need it.

A name ends in a hash of its scope and can never change. So the filter finds all of our resources, whatever
happened to their labels.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from attrs import evolve

from portinfra.model.address import Scope
from portinfra.provider.interface import Answer, Call
from portinfra_gcp import links, rates

Record = Mapping[str, Any]
Answers = Mapping[Call, Sequence[Answer]]

PAGE = 500

UNDER_WAY = "globalOperations.aggregatedList"


def list_owned(action: str, scope: Scope, **more: str) -> Call:
    """Return the list of all resources with a name of the scope."""
    return list_all(action, f'name eq ".*-({endings(scope)})"', **more)


def list_all(action: str, where: str, **more: Any) -> Call:
    """Return the list of all resources that match a filter; without a filter, of all."""
    whole = {"returnPartialSuccess": True} if action.endswith("aggregatedList") else {}
    narrowed = {"filter": where} if where else {}
    parameters = {**more, **narrowed, "maxResults": PAGE, **whole}
    return Call(action, parameters, rates=(rates.group(action),))


def in_networks(action: str, networks: Sequence[str], **more: str) -> Call:
    """Return the list of all resources in networks of these names."""
    return list_all(action, f'network eq ".*/({"|".join(networks)})"', **more)


def operations() -> Call:
    """Return the list of all running operations of the project.

    A list of resources after it shows the result of each operation that it no longer contains.
    """
    return evolve(list_all(UNDER_WAY, 'status != "DONE"'), goes_first=True)


def records(answers: Answers, action: str) -> Iterator[Record]:
    """Yield the records in the answers to one action."""
    for call, pages in answers.items():
        if call.action == action:
            for page in pages:
                yield from records_of(page)


def records_of(page: Answer) -> Iterator[Record]:
    """Yield the records of one page: a list, or scopes with lists in them."""
    items = page.get("items") or ()
    if not isinstance(items, Mapping):
        yield from items
        return
    for scoped in items.values():
        for listed in scoped.values():
            if isinstance(listed, list):
                yield from listed


def under_way(answers: Answers) -> dict[str, str]:
    """Return path of a resource → its running operation: `insert`, `delete`, `setLabels`."""
    return {
        links.path(record.get("targetLink", "")): record.get("operationType", "")
        for record in records(answers, UNDER_WAY)
    }


def endings(scope: Scope) -> str:
    """Return the two hashes at the end of a scope's names, for a regular expression."""
    long, short = scope.native_name("x"), scope.native_name("x" * 60)
    return "|".join(name.rpartition("-")[2] for name in (long, short))
