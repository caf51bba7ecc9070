"""The change of each resource: create, update, replace, delete, or keep for the data that it holds."""

from collections.abc import Iterable, Mapping
from typing import Any

from attrs import evolve, field

from portinfra.format import count
from portinfra.model.address import Address
from portinfra.model.change import Action, Change, Difference
from portinfra.model.observed import UNSEEN, Observation, Observed
from portinfra.model.placed import Placed
from portinfra.model.plan import PlanOptions
from portinfra.model.resources import FirewallRules, Instance, Spec, Volume, traits
from portinfra.provider.interface import Driver
from portinfra.value import frozen

Drivers = Mapping[type[Spec], Driver[Any]]


@frozen
class Desired:
    """Wanted and existing resources side by side: the input of every decision."""

    wanted: Mapping[Address, Spec]
    observation: Observation
    drivers: Drivers
    options: PlanOptions = field(factory=PlanOptions)

    @property
    def existing(self) -> Mapping[Address, Observed[Spec]]:
        """The existing resources, by address."""
        return self.observation.resources

    def driver(self, address: Address) -> Driver[Any]:
        """Return the driver of a wanted or existing resource."""
        spec = self.wanted[address] if address in self.wanted else self.existing[address].spec
        return self.drivers[type(spec)]


def effective_spec(
    wanted: Mapping[Address, Spec], observation: Observation, drivers: Drivers, placed: Placed | None
) -> dict[Address, Spec]:
    """Return the wanted resource. An attribute that is ignored or cannot be shown has its existing value."""
    roles = placed.topology.roles if placed else ()
    ignored = {role.name: names for role in roles if placed and (names := placed.list_ignored(role))}
    result = dict(wanted)
    for address, seen in observation.resources.items():
        want = wanted.get(address)
        if want is None or want == seen.spec:
            continue
        names = drivers[type(want)].cannot_show
        if placed and ignored:
            names = names.union(ignored.get(placed.roles.get(address, ""), ()))
        result[address] = adopt(want, seen.spec, names)
    return result


def ignored_differences(
    want: Spec, seen: Observed[Spec], ignored: frozenset[str], driver: Driver[Any]
) -> tuple[Difference, ...]:
    """Return the differences in attributes that a role ignores and that the provider shows."""
    names = ignored - driver.cannot_show
    return tuple(each for each in _compare(want, seen.spec) if each.field in names)


def adopt(want: Spec, seen: Spec, names: frozenset[str]) -> Spec:
    """Return the wanted value with these attributes as they exist, so that they never differ."""
    adopted: dict[str, Any] = {name: getattr(seen, name) for name in names if hasattr(want, name)}
    return evolve(want, **adopted) if adopted else want


def decide_changes(desired: Desired) -> dict[Address, Change]:
    """Return every change by itself, before the loss of data is checked."""
    decided: dict[Address, Change] = {}
    for address, want in desired.wanted.items():
        seen = desired.existing.get(address)
        if seen is None or seen.state == "deleting":
            decided[address] = Change("create", address, "it does not exist", after=want)
        else:
            change = _difference(address, want, seen, desired)
            if change:
                decided[address] = change
    unwanted = "it is not declared" if desired.wanted else "all resources are deleted"
    for address, seen in desired.existing.items():
        if address not in desired.wanted:
            decided[address] = Change("delete", address, unwanted, before=seen.spec)
    return decided


def _difference(address: Address, want: Spec, seen: Observed[Spec], desired: Desired) -> Change | None:
    driver = desired.driver(address)
    differences = _compare(want, seen.spec)

    def change(action: Action, reason: str, *, interrupts: bool = False) -> Change:
        return Change(action, address, reason, seen.spec, want, differences, interrupts)

    if reason := _reason_to_replace(address, want, seen, differences, driver, desired.options):
        return change("replace", reason)
    names = [difference.field for difference in differences]
    if names:
        return change("update", _list(names), interrupts=bool(driver.interrupts.intersection(names)))
    if seen.address != address:
        return evolve(change("update", f"was {seen.address}"), renamed_from=seen.address)
    if seen.extras:
        number = len(seen.extras)
        if isinstance(want, FirewallRules):
            return change("update", f"{count(number, 'rule')} redundant or changed by hand")
        return change("update", f"{number} empty duplicates that portinfra created")
    if seen.state == "pending":
        return change("update", seen.reason or "it is not ready yet")
    return None


def _compare(want: Spec, seen: Spec) -> tuple[Difference, ...]:
    if want == seen:
        return ()
    pairs = [(name, getattr(seen, name), getattr(want, name)) for name in traits(type(want)).compared]
    known = (pair for pair in pairs if pair[1] is not UNSEEN)
    differences = (Difference(name, before, after) for name, before, after in known if before != after)
    return tuple(each for each in differences if each.field != "image" or not _runs_image(want, seen))


def _runs_image(want: Spec, seen: Spec) -> bool:
    """Return whether a host already runs the wanted image under another name: of its family, or by its id."""
    if not isinstance(want, Instance) or not isinstance(seen, Instance):
        return False
    image = want.image_id.split(" ")[0]
    return image != "" and image == seen.image_id.split(" ")[0]


def _reason_to_replace(
    address: Address,
    want: Spec,
    seen: Observed[Spec],
    differences: Iterable[Difference],
    driver: Driver[Any],
    options: PlanOptions,
) -> str:
    if seen.fault:
        return f"it failed: {seen.fault}"
    if address in options.replace:
        return "requested"
    fixed = [d.field for d in differences if d.field in driver.replaces]
    if fixed:
        return f"{_list(fixed)} cannot change in place"
    if isinstance(want, Volume) and isinstance(seen.spec, Volume) and want.gib < seen.spec.gib:
        return "a volume cannot shrink in place"
    if options.refresh_images and isinstance(want, Instance) and isinstance(seen.spec, Instance):
        return "" if _runs_image(want, seen.spec) else f"{want.image} has a newer version"
    return ""


def _list(names: list[str]) -> str:
    return ", ".join(name.replace("_", " ") for name in names)


def follow_replacements(decided: dict[Address, Change], desired: Desired) -> dict[Address, Change]:
    """Replace what cannot exist without a replaced resource. Update what only refers to one."""
    replaced = {address for address, change in decided.items() if change.action == "replace"}
    result = dict(decided)
    for address, seen in (
        desired.existing.items() if replaced else ()
    ):  # in the order of references: one pass is enough
        want = desired.wanted.get(address)
        lost = [reference for reference in seen.spec.references() if reference in replaced]
        if want is None or not lost or address in replaced:
            continue
        held = {getattr(seen.spec, name) for name in desired.drivers[type(seen.spec)].holds}
        # A firewall cannot be deleted while a rule names it.
        holds = isinstance(seen.spec, FirewallRules) or held.intersection(lost)
        action: Action = "replace" if holds else "update"
        if action == "update" and address in decided:
            continue
        if action == "replace":
            replaced.add(address)
        differences = _compare(want, seen.spec)
        result[address] = Change(action, address, f"{lost[0]} is replaced", seen.spec, want, differences)
    return result
