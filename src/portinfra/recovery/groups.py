"""The groups: volumes of one moment, and the policy of their data. Pure."""

import hashlib
from collections.abc import Iterable, Iterator, Mapping

from portinfra.errors import UnknownNameError
from portinfra.format import suggestion
from portinfra.model.address import Address
from portinfra.model.finding import Finding
from portinfra.model.hook import Hook
from portinfra.model.placed import Placed
from portinfra.model.recovery import KEPT, DataPolicy
from portinfra.model.resources import Attachment
from portinfra.placement import place
from portinfra.recovery.options import FailoverOptions
from portinfra.recovery.recovery import Recovery
from portinfra.value import frozen


@frozen
class Group:
    """Volumes that are captured, carried and restored together."""

    name: str
    policies: tuple[DataPolicy, ...]
    """The policies of its volumes; they agree in engine, schedule and seed."""
    volumes: tuple[Address, ...]
    """The volumes whose data is carried: of one host only where the others join it."""

    @property
    def policy(self) -> DataPolicy:
        """The policy for what all its policies agree in."""
        return self.policies[0]

    @property
    def before(self) -> tuple[Hook, ...]:
        """The hooks `before` of all its policies."""
        return tuple(dict.fromkeys(hook for policy in self.policies for hook in policy.before))

    @property
    def after(self) -> tuple[Hook, ...]:
        """The hooks `after` of all its policies."""
        return tuple(dict.fromkeys(hook for policy in self.policies for hook in policy.after))

    @property
    def keep(self) -> Mapping[str, int]:
        """How many points are kept, by `KEPT`: the most of all its policies."""
        return {each: max(policy.kept.get(each, 0) for policy in self.policies) for each in KEPT}

    @property
    def sensitive(self) -> bool:
        """Whether the output of its hooks is secret."""
        return any(policy.sensitive for policy in self.policies)


def groups(recovery: Recovery, placed: Placed) -> list[Group]:
    """Return the groups of all volumes of the restored roles, in the order of the declaration."""
    policies: dict[str, dict[DataPolicy, None]] = {}
    volumes: dict[str, list[Address]] = {}
    for role, attachment in _volumes(placed):
        if role not in recovery.plan.roles:
            continue
        policy = recovery.plan.policy(role, attachment.device)
        if policy.seed == "one" and attachment.instance != f"instance.{role}1":
            continue
        name = policy.group or role
        policies.setdefault(name, {})[policy] = None
        assert attachment.volume is not None
        volumes.setdefault(name, []).append(attachment.volume)
    return [Group(name, tuple(policies[name]), tuple(some)) for name, some in volumes.items()]


def check_names(recovery: Recovery, options: FailoverOptions, points: Iterable[str] = ()) -> None:
    """Raise UnknownNameError for unknown names in `options`: of points, which must be among `points`, and of
    volumes, which a group must have in the target.
    """
    target = recovery.target
    volumes = [
        volume for group in groups(recovery, place(recovery.topology, target)) for volume in group.volumes
    ]
    findings = [
        *_unknown(recovery, options.without, points, "unknown-point", "there is no point {!r}"),
        *_unknown(
            recovery,
            options.blank,
            volumes,
            "unknown-volume",
            f"{target.name} restores no {{}}",
        ),
    ]
    if findings:
        raise UnknownNameError(findings)


def _unknown(
    recovery: Recovery, given: Iterable[str], known: Iterable[str], rule: str, message: str
) -> Iterator[Finding]:
    known = set(known)
    for name in sorted(set(given) - known):
        fix = suggestion(name, known, "There are none: leave it out.")
        yield Finding(f"recovery/{rule}", message.format(name), fix, subject=f"recovery.{recovery.plan.name}")


def data_digest(recovery: Recovery) -> str:
    """Return the digest of all declared volumes whose data is carried."""
    declared = groups(recovery, place(recovery.topology, recovery.target))
    return digest(volume for group in declared for volume in group.volumes)


def digest(volumes: Iterable[str]) -> str:
    """Return sixteen hexadecimal digits that identify these volumes."""
    return hashlib.sha256("\n".join(sorted(volumes)).encode()).hexdigest()[:16]


def roles_of(group: Group, placed: Placed) -> frozenset[str]:
    """Return the roles whose data a group has."""
    return frozenset(placed.roles[volume] for volume in group.volumes)


def _volumes(placed: Placed) -> Iterable[tuple[str, Attachment]]:
    for address, spec in placed.resources.items():
        if isinstance(spec, Attachment):
            yield placed.roles[address], spec
