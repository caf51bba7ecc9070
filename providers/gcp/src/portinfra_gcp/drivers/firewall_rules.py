"""The rules that allow traffic to hosts with a firewall's tag.

portinfra also sees rules of other owners in our networks. It disables one that allows more, because it must
not delete it.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from attrs import evolve, frozen

from portinfra.model.address import Address, Scope
from portinfra.model.catalogue import Catalogue
from portinfra.model.observed import Observed
from portinfra.model.resources import FirewallRules, Rule
from portinfra.model.rule_sets import is_needed
from portinfra.provider.interface import DONE, Answer, Call, Driver, Names, NextCall, Refs, Refuse, Wait
from portinfra_gcp import links, marks
from portinfra_gcp.drivers import reading
from portinfra_gcp.drivers.base import DONE_STATUS, call
from portinfra_gcp.drivers.compiled import Compiled, Way, Words, compile, native
from portinfra_gcp.drivers.firewall import FIREWALLS, LISTS, concerns, in_networks_of, is_shell
from portinfra_gcp.drivers.reading import Answers, Record

PARTS = ("firewall", "name", "network", "busy")
"""The parts that are not rules: the role's firewall, its name (the tag), its network, and the names of its
rules with a running operation.
"""


class FirewallRulesDriver(Driver[FirewallRules]):
    """All rules of one tag. Wanted traffic that passes now passes after every call."""

    spec = FirewallRules
    holds: frozenset[str] = frozenset({"firewall"})
    replaces: frozenset[str] = frozenset({"firewall"})

    # Observe

    def survey(self, scope: Scope, only: Sequence[Observed[FirewallRules]] = ()) -> tuple[Call, ...]:
        """Return the list of firewall rules, which portinfra reads anyway, and operations: a rule has no
        state.
        """
        return reading.operations(), in_networks_of(scope)

    def assemble(self, answers: Answers, names: Names) -> list[Observed[FirewallRules]]:
        """Return the rules of each of our tags."""
        listed = _list_rules(answers, names.scope)
        return [listed.to_observed(tag) for tag in listed.tags]

    def takes(self, spec: FirewallRules, catalogue: Catalogue) -> Mapping[str, int]:
        """Return one rule for each direction and kind of traffic."""
        return {FIREWALLS: len(compile(spec, spec.name))}

    # Change

    def next_call(
        self, want: FirewallRules | None, seen: Observed[FirewallRules] | None, refs: Refs
    ) -> NextCall:
        """Return the next request about one rule; and wait until all of them are in force."""
        if seen is None:
            if want is None:
                return DONE
            seen = _without_rules(want, refs)
        change = _Change(want or FirewallRules(seen.spec.name, seen.spec.firewall), seen, refs)
        if refused := change.refuse_change():
            return refused
        following = change.next_write()
        if following is not None:
            return following
        return Wait("being put into force") if seen.state == "pending" else DONE

    def absorb(
        self, seen: Observed[FirewallRules] | None, call: Call, answer: Answer | None
    ) -> Observed[FirewallRules] | None:
        """Return the expected state.

        The next rule need not wait for the operation; hosts of the role wait.
        """
        if call.after is None or answer is None:
            return call.after
        others = seen is not None and seen.state == "pending"
        if others or answer.get("status") != DONE_STATUS:
            return evolve(call.after, state="pending")
        return call.after


@frozen
class _Listed:
    """All firewall rules in the networks of a scope, by owner."""

    scope: Scope
    shells: Mapping[str, Record]
    """Tag → the rule that denies."""
    ours: Mapping[str, Record]
    """Name → a rule of ours that allows."""
    foreign: Sequence[Record]
    """Rules of other owners that allow something."""
    busy: frozenset[str]
    """Names of rules with a running operation."""
    tags: Mapping[str, Record]
    """Each tag of ours → one of its rules. A tag may have lost the rule that denies."""
    words: Words

    def to_observed(self, tag: str) -> Observed[FirewallRules]:
        """Return the rules of one tag."""
        record = self.tags[tag]
        kind = "firewall" if tag in self.shells else FirewallRules.kind
        parts = {"name": tag, "network": links.path(record["network"])}
        if tag in self.shells:
            parts["firewall"] = links.path(record["selfLink"])
        name = _owner(record, self.scope, kind).name
        seen = _to_observed(Address(f"{FirewallRules.kind}.{name}"), parts, self._rules(tag))
        busy = sorted(name for name in self.busy if name in seen.parts or _is_of(name, tag, self.scope))
        if not busy:
            return seen
        return evolve(seen, state="pending", parts={**seen.parts, "busy": " ".join(busy)})

    def _rules(self, tag: str) -> dict[str, Compiled]:
        mine = {name: record for name, record in self.ours.items() if _tag(record, self.scope) == tag}
        rules = {name: self.words.read(record, ours=True, tag=tag) for name, record in mine.items()}
        others = (record for record in self.foreign if concerns(record, tag))
        return rules | {record["name"]: self.words.read(record, ours=False, tag=tag) for record in others}


def _list_rules(answers: Answers, scope: Scope) -> _Listed:
    records = list(reading.records(answers, LISTS))
    shells = {record["name"]: record for record in records if is_shell(record, scope)}
    ours = {
        record["name"]: record for record in records if marks.read_mark(record, scope, FirewallRules.kind)
    }
    foreign = [r for r in records if r["name"] not in ours and r["name"] not in shells and _opens(r)]
    busy = frozenset(links.name(path) for path in reading.under_way(answers) if "/firewalls/" in path)
    tags = {**{_tag(record, scope): record for record in ours.values()}, **shells}
    owners = {tag: _owner(record, scope, "firewall") for tag, record in shells.items()}
    cidrs = {_cidr(record, scope): owners[tag] for tag, record in shells.items()}
    return _Listed(scope, shells, ours, foreign, busy, tags, Words(owners, cidrs))


@frozen
class _Change:
    """The step from the observed rules to the wanted rules."""

    want: FirewallRules
    seen: Observed[FirewallRules]
    refs: Refs

    @property
    def _rules(self) -> dict[str, Compiled]:
        return _rules(self.seen.parts)

    @property
    def _wanted_rules(self) -> dict[str, Compiled]:
        base = marks.owner_name(self.refs.scope, self.seen.parts["name"])
        wanted = compile(self.want, base)
        return {self.refs.scope.native_name(label): rule for label, rule in wanted.items()}

    def refuse_change(self) -> Refuse | None:
        """Return why the rules cannot be written: a range of addresses identifies a role."""
        roles = {
            seen.spec.cidr: seen.address.name
            for seen in self.refs.seen.values()
            if seen.address.kind == "firewall"
        }
        for rule in (*self.want.ingress, *self.want.egress):
            if rule.peer in roles:
                return Refuse(
                    f"{rule.peer} is the address range of the role {roles[rule.peer]!r}",
                    "Use the role in the flow instead of the range.",
                )
            if rule.peer_firewall and not self.refs.seen[rule.peer_firewall].spec.cidr:
                return Refuse(
                    f"{rule.peer} has no cidr for the addresses of its hosts", "Give the Firewall a cidr."
                )
        return None

    def next_write(self) -> Call | Wait | None:
        """Return the next call; None if nothing differs.

        Make before break: wanted traffic that passes now passes after every call. First come calls that only
        remove unwanted traffic, then calls that add, then the rest. Compute Engine replaces all peers of a
        rule in one request, so one update adds and removes. A rule with a running operation gets no other
        call, since lists may still show it as it was before.
        """
        differing = [write for name in self._order() if (write := self._change_of(name))]
        writes = [write for write in differing if write.name not in self._busy]
        removing = [write for write in writes if not write.adds]
        adding = [write for write in writes if write.adds]
        for write in (*removing, *adding):
            if not self._closes(write):
                return self._wait_before(write) or write.call
        if differing and self._busy:
            return Wait("a rule is being changed")
        return writes[0].call if writes else None

    @property
    def _busy(self) -> frozenset[str]:
        """The names of rules with a running operation."""
        return frozenset(self.seen.parts.get("busy", "").split() if self.seen.state == "pending" else ())

    def _order(self) -> list[str]:
        """Return the names of all rules: those of others first."""
        rules = self._rules
        return sorted(
            {*rules, *self._wanted_rules}, key=lambda name: (name not in rules or rules[name].ours, name)
        )

    def _change_of(self, name: str) -> "_Write | None":
        """Return the request that changes one rule to the wanted one; None if it is equal."""
        has, wanted = self._rules.get(name), self._wanted_rules.get(name)
        if has is None:
            assert wanted is not None
            return _Write(
                name, wanted.way, self._write("firewalls.insert", name, wanted), after=wanted.rules()
            )
        if not has.ours:
            return _Write(name, has.way, self._disable(name), has.rules())
        if wanted is None:
            return _Write(name, has.way, self._delete(name), has.rules())
        if has == wanted:
            return None
        update = self._write("firewalls.update", name, wanted)
        return _Write(name, has.way, update, has.rules(), wanted.rules())

    def _closes(self, write: "_Write") -> bool:
        """Return whether a write would block wanted traffic."""
        others = [
            rule
            for name, each in self._rules.items()
            if name != write.name and each.way == write.way
            for rule in each.rules()
        ]
        return self._needs(write, [*others, *write.after])

    def _wait_before(self, write: "_Write") -> Wait | None:
        """Return a wait until a rule that replaces another is in force. Its operation runs until then."""
        if self.seen.state != "pending":
            return None
        if not self._needs(write, write.after):
            return None
        return Wait("the rules that replace others are being put into force")

    def _needs(self, write: "_Write", left: Sequence[Rule]) -> bool:
        return any(is_needed(rule, getattr(self.want, write.way), left) for rule in write.before)

    def _write(self, action: str, name: str, rule: Compiled) -> Call:
        label = marks.owner_name(self.refs.scope, name)
        body = {
            "name": name,
            "description": marks.description(self.want, self.refs, born=label, tag=self.seen.parts["name"]),
            "network": self.seen.parts["network"],
            **native(rule, self.seen.parts["name"], self.refs),
        }
        named = {} if action == "firewalls.insert" else {"firewall": name}
        return self._call(action, {**named, "body": body}, {name: rule})

    def _delete(self, name: str) -> Call:
        return self._call("firewalls.delete", {"firewall": name}, {name: None})

    def _disable(self, name: str) -> Call:
        return self._call("firewalls.patch", {"firewall": name, "body": {"disabled": True}}, {name: None})

    def _call(
        self, action: str, parameters: Mapping[str, Any], changed: Mapping[str, Compiled | None]
    ) -> Call:
        after = {**self._rules, **changed}
        left = {name: rule for name, rule in after.items() if rule is not None}
        parts = {name: value for name, value in self.seen.parts.items() if name in PARTS}
        promised = _to_observed(self.want.address, parts, left, self.seen.spec.firewall)
        # No request id: one run may create, delete and create a rule again. Its unique name protects it.
        safe = action != "firewalls.insert"
        return call(action, self.want.address, parameters, promised, safe=safe)


@frozen
class _Write:
    """One request about one rule, and what the rule allows before and after it."""

    name: str
    way: Way
    call: Call
    before: Sequence[Rule] = ()
    after: Sequence[Rule] = ()

    @property
    def adds(self) -> bool:
        """Whether it allows anything that the rule does not allow yet."""
        return bool(set(self.after) - set(self.before))


def _without_rules(want: FirewallRules, refs: Refs) -> Observed[FirewallRules]:
    """Return the observed rules of a firewall that was just created."""
    assert want.firewall is not None
    shell = refs.seen[want.firewall]
    parts = {"firewall": shell.id, "name": shell.parts["name"], "network": shell.parts["network"]}
    return _to_observed(want.address, parts, {}, want.firewall)


def _to_observed(
    address: Address,
    parts: Mapping[str, str],
    rules: Mapping[str, Compiled],
    firewall: Address | None = None,
) -> Observed[FirewallRules]:
    allowed = {
        way: tuple(sorted({rule for each in rules.values() if each.way == way for rule in each.rules()}))
        for way in ("ingress", "egress")
    }
    spec = FirewallRules(address.name, firewall or Address(f"firewall.{address.name}"), **allowed)
    named = {name: rule.text() for name, rule in sorted(rules.items())}
    return Observed(address, spec, {**parts, **named}, extras=_superfluous(rules))


def _superfluous(rules: Mapping[str, Compiled]) -> tuple[Mapping[str, str], ...]:
    """Return rules that allow nothing that other rules do not allow, and rules of ours that are not in force.

    For example, a person has changed the priority of a rule.
    """
    left = dict(rules)
    for name in sorted(rules, key=lambda name: (rules[name].ours, name)):
        others = {each for key, rule in left.items() if key != name for each in _with_way(rule)}
        if _with_way(rules[name]) <= others and rules[name].rules():
            del left[name]
    damaged = {name for name, rule in rules.items() if rule.damaged and rule.rules()}
    return tuple({"id": name} for name in sorted(damaged | (set(rules) - set(left))))


def _with_way(compiled: Compiled) -> set[tuple[Way, Rule]]:
    return {(compiled.way, rule) for rule in compiled.rules()}


def _rules(parts: Mapping[str, str]) -> dict[str, Compiled]:
    return {name: Compiled.of_text(text) for name, text in parts.items() if name not in PARTS}


def _owner(record: Record, scope: Scope, kind: str) -> Address:
    mark = marks.read_mark(record, scope, kind)
    assert mark is not None
    return mark.address


def _cidr(record: Record, scope: Scope) -> str:
    mark = marks.read_mark(record, scope, "firewall")
    return str(mark.content.get("cidr", "")) if mark else ""


def _tag(record: Record, scope: Scope) -> str:
    """Return the tag for which a rule of ours was created, whatever its current target."""
    mark = marks.read_mark(record, scope, FirewallRules.kind)
    return str(mark.content.get("tag", "")) if mark else ""


def _opens(record: Record) -> bool:
    return bool(record.get("allowed")) and not record.get("disabled")


def _is_of(name: str, tag: str, scope: Scope) -> bool:
    base = marks.owner_name(scope, tag)
    return marks.owner_name(scope, name).startswith((f"{base}-in-", f"{base}-out-"))
