"""The lists that drivers read: by name, in large pages, each list once for all kinds that need it.

A name ends in a hash of its scope and can never change, so the filter finds all that is ours, whatever
became of its labels.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from portinfra.model.address import Scope
from portinfra.provider.interface import Answer, Call
from portinfra_gcp import links, rates

Record = Mapping[str, Any]
Answers = Mapping[Call, Sequence[Answer]]

PAGE = 500

UNDER_WAY = "globalOperations.aggregatedList"


def list_owned(action: str, scope: Scope, **more: str) -> Call:
    """The list of all that bears a name of the scope."""
    return list_all(action, f'name eq ".*-({endings(scope)})"', **more)


def list_all(action: str, where: str, **more: Any) -> Call:
    """The list of all that passes a filter; without a filter, of all."""
    whole = {"returnPartialSuccess": True} if action.endswith("aggregatedList") else {}
    narrowed = {"filter": where} if where else {}
    parameters = {**more, **narrowed, "maxResults": PAGE, **whole}
    return Call(action, parameters, rates=(rates.group(action),))


def in_networks(action: str, networks: Sequence[str], **more: str) -> Call:
    """The list of all that lies in networks of these names."""
    return list_all(action, f'network eq ".*/({"|".join(networks)})"', **more)


def operations() -> Call:
    """Everything in the project that is under way."""
    return list_all(UNDER_WAY, 'status != "DONE"')


def records(answers: Answers, action: str) -> Iterator[Record]:
    """What the answers to one action list."""
    for call, pages in answers.items():
        if call.action == action:
            for page in pages:
                yield from records_of(page)


def records_of(page: Answer) -> Iterator[Record]:
    """What one page lists: records, or scopes with records in them."""
    items = page.get("items") or ()
    if not isinstance(items, Mapping):
        yield from items
        return
    for scoped in items.values():
        for told in scoped.values():
            if isinstance(told, list):
                yield from told


def under_way(answers: Answers) -> dict[str, str]:
    """Path of a resource → what is under way with it: `insert`, `delete`, `setLabels`."""
    return {
        links.path(record.get("targetLink", "")): record.get("operationType", "")
        for record in records(answers, UNDER_WAY)
    }


def endings(scope: Scope) -> str:
    """The two hashes that names of a scope end in, for a regular expression."""
    long, short = scope.native_name("x"), scope.native_name("x" * 60)
    return "|".join(name.rpartition("-")[2] for name in (long, short))
