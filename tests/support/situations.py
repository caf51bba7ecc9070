"""The kinds of situations of a recovery, by the names that the decision table has."""

from attrs import evolve

from portinfra.recovery.situation.permissions import Verb
from portinfra.recovery.situation.situation import (
    ENDS,
    Authority,
    EndFacts,
    Takeover,
    classify,
    peer_of,
)

SILENT = EndFacts(answers=False)
SHORT = {"source": "S", "target": "T"}

VERBS = {
    "aS": Verb("apply", "source"),
    "aT": Verb("apply", "target"),
    "dS": Verb("destroy", "source"),
    "dT": Verb("destroy", "target"),
    "rT": Verb("replicate", "source"),
    "rS": Verb("replicate", "target"),
    "lS": Verb("drill", "source"),
    "lT": Verb("drill", "target"),
    "rf": Verb("refresh", "target"),
    "fo": Verb("takeover", "target"),
    "fp": Verb("takeover", "target", planned=True),
    "fL": Verb("takeover", "target", lost=True),
    "fb": Verb("takeover", "source"),
    "bL": Verb("takeover", "source", lost=True),
    "ab": Verb("abandon"),
    "fe": Verb("fence"),
}
"""Column of the decision table → verb."""


def situations():
    """Return the situation of each row: name → situation, in the order of the table."""
    found = {"NEW: no takeover ever": classify(EndFacts(hosts="on"), EndFacts())}
    for active in ENDS:
        found |= {name: classify(*ends) for name, ends in _rows(active)}
    return found | dict(_standbys()) | {"both silent": classify(SILENT, SILENT)}


def _standbys():
    """The target waits, and its hosts run as a standby."""
    old, new = Authority(1, "target"), Authority(2, "source")
    standby = EndFacts(authority=new, hosts="standby", activated=old)
    yield "S active, T standby", classify(EndFacts(authority=new, hosts="on", activated=new), standby)
    yield "S silent, T standby", classify(SILENT, standby)
    begun = EndFacts(authority=old, hosts="standby", takeover=Takeover(Authority(3, "target")))
    runs = EndFacts(authority=new, hosts="on", activated=new)
    yield "T takes over from standby", classify(runs, begun)


def _rows(active):
    waiting = peer_of(active)
    old, new = Authority(1, waiting), Authority(2, active)
    name, other = SHORT[active], SHORT[waiting]

    def ends(of_active, of_waiting):
        return (of_active, of_waiting) if active == "source" else (of_waiting, of_active)

    runs = EndFacts(authority=new, hosts="on", activated=new)
    fenced = EndFacts(authority=new, activated=old)
    unfenced = EndFacts(authority=old, hosts="on", activated=old)
    half = evolve(runs, activated=None)
    begun = Takeover(new)
    restoring = evolve(half, takeover=evolve(begun, phase="restoring", stopped_other=True))
    lost = evolve(half, takeover=evolve(begun, phase="restoring", lost=True))
    left = EndFacts(authority=new, takeover=Takeover(new, "abandoning"))
    yield f"{name} active", ends(runs, fenced)
    yield f"{name} active, {other} unfenced", ends(runs, unfenced)
    yield f"{name} active, {other} silent", ends(runs, SILENT)
    yield f"{name} silent, {other} waits", ends(SILENT, fenced)
    yield f"{name} takes over, begun", ends(EndFacts(authority=old, takeover=begun), unfenced)
    yield f"{name} takes over, restoring", ends(restoring, fenced)
    yield f"{name} takes over, {other} silent", ends(restoring, SILENT)
    yield f"{name} takes over, lost {other} back", ends(lost, unfenced)
    back = EndFacts(authority=old, activated=Authority(1, active))
    yield f"{name} comes back (abandon)", ends(back, left)
    yield f"{name} comes back, silent", ends(SILENT, left)
