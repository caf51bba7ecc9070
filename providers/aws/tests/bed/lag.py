"""Lists that show an older state: https://docs.aws.amazon.com/ec2/latest/devguide/eventual-consistency.html.

With `Settings.stale_seconds`, each list shows each record as it was at another moment of that time: what was
made is absent, what was changed is as before, what was deleted is still there. So the parts of a network
appear one by one, and a later read may show an older state. Reads by id lag as well.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from bed.region import Region
from portinfra.testing.lag import draw_share, state_at

Tell = Callable[[str], list[dict[str, Any]]]
"""Describe action → its records, all of them, as they are."""

ALWAYS = float("-inf")


def note(there: Region, id_keys: Mapping[str, str], tell: Tell) -> None:
    """Remember what each record is from now on. `id_keys` has the member that is the id, for each list."""
    for action, id_key in id_keys.items():
        note_list(there, action, {str(record[id_key]): record for record in tell(action)})


def note_list(there: Region, action: str, now: Mapping[str, dict[str, Any]]) -> None:
    """Remember what each record of one list is from now on."""
    is_first = action not in there.past
    past = there.past.setdefault(action, {})
    since = ALWAYS if is_first else there.clock.now()
    for id in past.keys() | now.keys():
        history = past.setdefault(id, [])
        record = now.get(id)
        if (history[-1][1] if history else None) != record:
            history.append((since, record))


def show(there: Region, action: str, id_key: str, records: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """The records as a list shows them now, each as it was a while ago."""
    note_list(there, action, {str(record[id_key]): record for record in records})
    now, longest = there.clock.now(), there.settings.stale_seconds
    then = (
        state_at(history, now - longest * draw_share(f"{action} {id} {now}"))
        for id, history in there.past[action].items()
    )
    return [record for record in then if record is not None]
