"""Which volumes are of one moment, and by which policy they travel. Pure."""

import hashlib
from collections.abc import Iterable, Iterator, Mapping

from attrs import frozen

from portinfra.errors import PolicyError
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


@frozen
class Group:
    """Volumes that are taken, carried and restored together."""

    name: str
    policies: tuple[DataPolicy, ...]
    """Of its volumes; they agree in engine, schedule and seed."""
    volumes: tuple[Address, ...]
    """The volumes whose data travels: of one host only where the others join it."""

    @property
    def policy(self) -> DataPolicy:
        """What all its policies agree in."""
        return self.policies[0]

    @property
    def before(self) -> tuple[Hook, ...]:
        """The hooks of all its policies."""
        return tuple(dict.fromkeys(hook for policy in self.policies for hook in policy.before))

    @property
    def after(self) -> tuple[Hook, ...]:
        """The hooks of all its policies."""
        return tuple(dict.fromkeys(hook for policy in self.policies for hook in policy.after))

    @property
    def keep(self) -> Mapping[str, int]:
        """How many points are kept, by `KEPT`: as many as the policy says that keeps most."""
        return {each: max(policy.kept.get(each, 0) for policy in self.policies) for each in KEPT}

    @property
    def sensitive(self) -> bool:
        """Whether what its hooks print is kept to itself."""
        return any(policy.sensitive for policy in self.policies)


def groups(recovery: Recovery, placed: Placed) -> list[Group]:
    """The groups of all volumes of the roles that come back, in the order of the declaration."""
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
    """Raise PolicyError for names in `options` that nothing has: of points, which are among `points`, and of
    volumes that a group has in the target.
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
            f"{{}} is no volume that {target.name} restores",
        ),
    ]
    if findings:
        raise PolicyError("points or volumes that are named do not exist: nothing was changed", findings)


def _unknown(
    recovery: Recovery, given: Iterable[str], known: Iterable[str], rule: str, message: str
) -> Iterator[Finding]:
    known = set(known)
    for name in sorted(set(given) - known):
        fix = suggestion(name, known, "There are none: leave it out.")
        yield Finding(f"recovery/{rule}", message.format(name), fix, subject=f"recovery.{recovery.plan.name}")


def digest(volumes: Iterable[str]) -> str:
    """Sixteen hexadecimal digits that tell these volumes from any others."""
    return hashlib.sha256("\n".join(sorted(volumes)).encode()).hexdigest()[:16]


def roles_of(group: Group, placed: Placed) -> frozenset[str]:
    """Return the roles whose data a group holds."""
    return frozenset(placed.roles[volume] for volume in group.volumes)


def _volumes(placed: Placed) -> Iterable[tuple[str, Attachment]]:
    for address, spec in placed.resources.items():
        if isinstance(spec, Attachment):
            yield placed.roles[address], spec
