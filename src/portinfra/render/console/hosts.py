"""The comparison of the files on hosts with the rendered files, as text."""

from collections import Counter
from collections.abc import Sequence

from portinfra.format import count
from portinfra.hosts.status import HostState
from portinfra.render.console.terminal import Console


def show_states(states: Sequence[HostState], console: Console) -> None:
    """Print one line for each file that differs, one for each host without digests, and the counts."""
    for each in states:
        for path in each.edited:
            console.print(f"{each.host}: {path} is not what portinfra renders")
        for path in each.missing:
            console.print(f"{each.host}: {path} is missing")
        if not each.is_read:
            console.print(f"{each.host}: no digests received")
    counts = Counter(str(each.state) for each in states)
    words = {"same": "as rendered", "differs": "different", "unread": "not read"}
    parts = [f"{counts[state]} {word}" for state, word in words.items() if counts[state]]
    console.print(f"{count(len(states), 'host')}: {', '.join(parts) or 'nothing to compare'}.")
