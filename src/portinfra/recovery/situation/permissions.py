"""The decision table of recovery: which verb is permitted in which situation. Pure.

`may` returns None where a verb is permitted. If not, it returns the rule, and the verbs that are right
instead. `refusals` has the sentences.
"""

from collections.abc import Callable
from typing import Literal

from attrs import evolve

from portinfra.recovery.situation.situation import ENDS, End, Situation, peer_of
from portinfra.value import frozen


@frozen
class Verb:
    """One verb, with the options that permission depends on."""

    name: Literal[
        "apply", "destroy", "replicate", "drill", "refresh", "sweep", "fence", "abandon", "takeover"
    ]
    end: End | None = None
    """The end that it changes. `replicate` copies from it, and `takeover` makes it active."""
    planned: bool = False
    """For a takeover: it carries a last point from the other end."""
    lost: bool = False
    """For a takeover: it makes no call to the other end."""
    without_peer: bool = False
    """For an apply: the operator skips the check of the other end."""
    older_data: bool = False
    """For an abandonment: the operator accepts that the other end has older data."""


REFRESH_VERB = Verb("refresh", "target")


@frozen
class Refusal:
    """Why a verb is refused."""

    rule: str
    instead: tuple[Verb, ...] = ()
    """The verbs that are right; none where the goal is reached."""
    wait: bool = False
    """Whether to wait for an end that does not answer is right, too."""


ACTIVE_ALREADY = ("source-stands", "stands-already")
"""The rules that refuse a takeover to the source or target that is already active."""

FENCE, ABANDON = Verb("fence"), Verb("abandon")
ABANDON_NEWER = Verb("abandon", older_data=True)


def may(verb: Verb, now: Situation) -> Refusal | None:
    """Return why a verb is refused; None: it is permitted."""
    return _RULES[verb.name](verb, now)


def next_verbs(now: Situation) -> tuple[Verb, ...]:
    """Return what an operator does next, the best first; empty: nothing is under way, and nothing
    is wrong.
    """
    if now.open or now.phase == "undecided":
        return _finish(now)
    return () if now.fenced else _without(now.silent) if now.silent else (FENCE,)


def _apply(verb: Verb, now: Situation) -> Refusal | None:
    """Permit it for a fenced end, whose hosts stay off, and for an active end with nothing under way."""
    end = _end(verb)
    if not now.answers(end):
        return Refusal(f"{end}-silent", wait=True)
    if now.open and end == now.active:
        return _refuse_while_open(now)
    if not now.answers(peer_of(end)) and not verb.without_peer:
        return Refusal("peer-silent", (evolve(verb, without_peer=True),), wait=True)
    if end == now.active or now.fenced:
        return None
    return Refusal("superseded", (FENCE,)) if now.phase == "active" else _refuse_while_open(now)


def _destroy(verb: Verb, now: Situation) -> Refusal | None:
    """Permit it unless a takeover is open, which needs both ends as they are. Volumes survive it."""
    if not now.answers(_end(verb)):
        return Refusal(f"{verb.end}-silent", wait=True)
    return _refuse_while_open(now) if now.open else None


def _replicate(verb: Verb, now: Situation) -> Refusal | None:
    """Data goes from the active end to the fenced end, and only while nothing is open."""
    if now.silent:
        return _refuse_silent(now)
    if damaged := [end for end in ENDS if now.facts(end).damaged]:
        ways = _finish(now) if now.open else (Verb("takeover", damaged[0]),)
        return Refusal("takeover-unreadable", ways)
    if now.open:
        return _refuse_while_open(now)
    if not now.fenced:
        return Refusal("not-fenced", (FENCE,))
    if verb.end != now.active:
        return Refusal("source-waits", (Verb("replicate", now.active),))
    return None


def _drill(verb: Verb, now: Situation) -> Refusal | None:
    """A drill takes place in the waiting end. The active end need not answer."""
    end = _end(verb)
    if not now.answers(end):
        return Refusal(f"{end}-silent", wait=True)
    if end == now.active and now.phase == "active":
        return Refusal("active-end", (Verb("drill", now.waiting),))
    if now.open:
        return _refuse_while_open(now)
    return None if now.fenced else Refusal("not-fenced", (FENCE,))


def _refresh(verb: Verb, now: Situation) -> Refusal | None:
    """A refresh takes place where a drill does. It stops hosts of a standby and replaces its volumes."""
    refusal = _drill(verb, now)
    if refusal is None or refusal.rule != "active-end":
        return refusal
    return Refusal("refresh-active-end", next_verbs(now))


def _fence(verb: Verb, now: Situation) -> Refusal | None:
    """Stop a waiting end that does not know the newest decision, or whose hosts run."""
    if not now.answers(now.waiting):
        return Refusal(f"{now.waiting}-silent", wait=True)
    if not now.answers(now.active):
        return _refuse_silent(now)
    if now.phase == "abandoning":
        return _refuse_while_open(now)
    if now.fenced:
        return Refusal("nothing-to-fence")
    takeover = now.takeover
    if now.phase == "taking over" and takeover and not takeover.lost:
        return _refuse_while_open(now)
    return None


def _abandon(verb: Verb, now: Situation) -> Refusal | None:
    """The end whose own volumes have the newest data becomes active again with them. The other one does where
    an operator accepts its older data: the takeover may have lost the points that it began with.
    """
    if now.silent:
        return _refuse_silent(now)
    if not now.open:
        return Refusal("nothing-under-way")
    if now.phase == "taking over" and now.holder == now.active:
        had_data = now.waiting == "source" or now.facts(now.waiting).activated is not None
        if verb.older_data and had_data:
            return None
        others = (ABANDON_NEWER,) if had_data else ()
        return Refusal("own-data-is-newest", (Verb("takeover", now.active), *others))
    return None


def _takeover(verb: Verb, now: Situation) -> Refusal | None:
    """Failover and failback are one verb, with the ends exchanged."""
    to = _end(verb)
    if not now.answers(to):
        return Refusal(f"{to}-silent", _without(now.silent), wait=True)
    if verb.lost:
        return None  # it makes no call to the other end, and its decision is newer than all known here
    if now.silent:
        return _refuse_silent(now)
    if now.phase == "abandoning" or (now.phase == "taking over" and now.active != to):
        return _refuse_while_open(now)
    if now.phase == "taking over":
        was_planned = now.takeover is not None and now.takeover.planned
        return _too_late(now) if verb.planned and now.restoring and not was_planned else None
    if now.active == to:
        return Refusal(ACTIVE_ALREADY[ENDS.index(to)], () if now.fenced else (FENCE,))
    return None if now.fenced else Refusal("not-fenced", (FENCE,))


def _too_late(now: Situation) -> Refusal:
    return Refusal("too-late-to-plan", _finish(now))


def _refuse_silent(now: Situation) -> Refusal:
    """Refuse a verb that needs an end which does not answer."""
    return Refusal(f"{now.silent[0]}-silent", _without(now.silent), wait=True)


def _refuse_while_open(now: Situation) -> Refusal:
    way = "failover" if now.active == "target" else "failback"
    rule = "being-abandoned" if now.phase == "abandoning" else f"{way}-under-way"
    if now.phase == "taking over" and now.takeover is None and now.facts(now.active).damaged:
        rule = "takeover-unreadable"
    return Refusal(rule, _finish(now), wait=bool(now.silent))


def _finish(now: Situation) -> tuple[Verb, ...]:
    """Return what finishes the takeover that is open, and what abandons it, of the verbs that need no end
    which does not answer.
    """
    if now.silent:
        return _without(now.silent)
    if now.phase == "abandoning":
        return (ABANDON,)
    abandons = (ABANDON,) if now.holder == now.waiting else ()
    return (Verb("takeover", now.active), *abandons)


def _without(silent: tuple[End, ...]) -> tuple[Verb, ...]:
    """Return the takeover that needs no answer of the silent end; none where both ends are silent."""
    return (Verb("takeover", peer_of(silent[0]), lost=True),) if len(silent) == 1 else ()


def _end(verb: Verb) -> End:
    assert verb.end is not None
    return verb.end


_RULES: dict[str, Callable[[Verb, Situation], Refusal | None]] = {
    "apply": _apply,
    "destroy": _destroy,
    "replicate": _replicate,
    "drill": _drill,
    "refresh": _refresh,
    "sweep": lambda verb, now: None,
    "fence": _fence,
    "abandon": _abandon,
    "takeover": _takeover,
}
