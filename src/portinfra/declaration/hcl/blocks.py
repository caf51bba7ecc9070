"""From blocks to the values of the model."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

from attrs import evolve, field, frozen

from portinfra.declaration.hcl import attributes as a
from portinfra.declaration.hcl.problem import problem
from portinfra.declaration.hcl.scope import Scope
from portinfra.declaration.hcl.syntax import Block
from portinfra.declaration.suggest import did_you_mean
from portinfra.model import convert
from portinfra.model.environment import OVERRIDABLE, Environment
from portinfra.model.finding import Finding
from portinfra.model.recovery import Action, DataPolicy, Probe, RecoveryPlan, Wave
from portinfra.model.resources import Volume
from portinfra.model.topology import Flow, Role, Topology
from portinfra.model.vault import Vault

T = TypeVar("T")
Natives = Mapping[str, Mapping[str, Any]]
"""Provider → option → value."""

ROLE = a.Shapes(
    {
        "count": a.NUMBER,
        "size": a.TEXT,
        "image": a.TEXT,
        "disk_gib": a.NUMBER,
        "public": a.TEXT,
        "ssh_keys": a.TEXTS,
        "user_data": a.SECRET_TEXT,
        "tags": a.TEXT_MAP,
        "slot": a.NUMBER,
        "renamed_from": a.TEXT,
        "protect": a.SWITCH,
        "max_unavailable": a.NUMBER,
        "ignore": a.TEXTS,
        "native": a.MAP_OF_MAPS,
        "waive": a.TEXT_MAP,
    }
)
VOLUME = a.Shapes(
    {
        "gib": a.NUMBER,
        "mount": a.TEXT,
        "key": a.TEXT,
        "protect": a.SWITCH,
        "tags": a.TEXT_MAP,
    },
    needed=("gib",),
)
ALLOW = a.Shapes(
    {
        "from": a.TEXTS,
        "to": a.TEXTS,
        "tcp": a.PORTS,
        "udp": a.PORTS,
        "icmp": a.SWITCH,
        "why": a.TEXT,
    },
    needed=("from", "to"),
)
TOPOLOGY = a.Shapes({"tags": a.TEXT_MAP})
ENVIRONMENT = a.Shapes(
    {
        "on": a.TEXT,
        "account": a.TEXT,
        "cidr": a.TEXT,
        "key": a.TEXT,
        "zones": a.TEXTS,
        "sizes": a.TEXT_MAP,
        "images": a.TEXT_MAP,
        "keys": a.TEXT_MAP,
        "credentials": a.TEXT_MAP,
        "tags": a.TEXT_MAP,
        "subnet_prefix": a.NUMBER,
        "dns": a.PYTHON_ONLY,
    },
    needed=("on",),
)
OVERRIDES = a.Shapes({name: ROLE.shapes[name] for name in OVERRIDABLE})
VAULT = a.Shapes(
    {
        "remote": a.TEXT,
        "endpoint": a.TEXT,
        "sender": a.TEXT,
        "receiver": a.TEXT,
        "recipient": a.TEXT,
        "identity": a.TEXT,
        "password": a.TEXT,
        "host_key": a.TEXT,
        "cidr": a.TEXT,
        "size": a.TEXT,
        "image": a.TEXT,
        "native": a.MAP_OF_MAPS,
        "blocks": a.TEXTS,
        "limit": a.TEXT,
    },
    needed=("remote", "endpoint", "sender", "receiver"),
)
WAVE = a.Shapes({"roles": a.TEXTS, "gates": a.TEXTS, "limit": a.TEXT}, needed=("roles",))
DATA = a.Shapes(
    {
        "engine": a.TEXT,
        "schedule": a.TEXT,
        "group": a.TEXT,
        "seed": a.TEXT,
        "before": a.TEXTS,
        "after": a.TEXTS,
        "freeze_limit": a.TEXT,
        "retention": a.NUMBER,
        "sensitive": a.SWITCH,
    }
)
ACTION = a.Shapes({"run": a.TEXT, "on": a.TEXTS, "after": a.TEXT}, needed=("run",))
PROBE = a.Shapes({"run": a.TEXT}, needed=("run",))
RECOVERY = a.Shapes(
    {
        "source": a.TEXT,
        "target": a.TEXT,
        "rpo": a.TEXT,
        "rto": a.TEXT,
        "waves": a.WAVES,
        "without": a.TEXTS,
        "drill_cidr": a.TEXT,
        "drill_limit": a.TEXT,
        "contacts": a.TEXTS,
    },
    needed=("source", "target", "rpo", "rto"),
    inner={"wave": WAVE, "vault": VAULT, "data": DATA, "action": ACTION, "probe": PROBE},
)


@frozen
class Reader:
    """Reads blocks; what is wrong with them is gathered in `findings`."""

    scope: Scope
    findings: list[Finding] = field(factory=list)

    def topology(self, block: Block) -> Topology | None:
        """A `topology` block; None where it cannot be made."""
        inner = self._inner(block, {"role": self._role, "allow": self._flow})
        return self._made(Topology, block, TOPOLOGY, roles=inner["role"], flows=inner["allow"])

    def environment(self, block: Block) -> Environment | None:
        """An `environment` block; None where it cannot be made."""
        overrides: dict[str, Any] = {}
        for inner, differing in self._inner(block, {"role": self._override})["role"]:
            name = inner.labels[0]
            if name in overrides:
                self._wrong("duplicate", f"role {name!r} is overridden twice", "Make it one block.", inner)
            overrides[name] = differing
        return self._made(Environment, block, ENVIRONMENT, roles=overrides)

    def recovery(self, block: Block) -> RecoveryPlan | None:
        """A `recovery` block; None where it cannot be made."""
        readers = {"wave": self._wave, "data": self._data, "action": self._action, "probe": self._probe}
        inner = self._inner(block, {**readers, "vault": self._vault})
        if len(inner["vault"]) > 1:
            self._wrong("duplicate", "a recovery plan has one vault", "Keep one vault block.", block)
        parts = {
            "vault": next(iter(inner["vault"]), None),
            "data": inner["data"],
            "actions": inner["action"],
            "probes": inner["probe"],
        }
        listed = next((each for each in block.attributes if each.name == "waves"), None)
        if not any(each.kind == "wave" for each in block.blocks):
            known = evolve(RECOVERY, needed=(*RECOVERY.needed, "waves"))
            plan = self._made(RecoveryPlan, block, known, **parts)
            if plan is None or listed is None:
                return None
            return evolve(plan, waves=[evolve(wave, location=listed.location) for wave in plan.waves])
        if listed is None:
            return self._made(RecoveryPlan, block, RECOVERY, **parts, waves=inner["wave"])
        message, fix = "its waves are written as a list and as blocks", "Write the list, or the blocks."
        self.findings.extend(problem("duplicate", message, fix, listed.location).findings)
        a.take(block, RECOVERY, self.scope, self.findings)  # what else is wrong with it
        return None

    def _wave(self, block: Block) -> Wave | None:
        self._inner(block, {})
        if block.labels:
            self._wrong("label", "a wave block has no name", "Write wave {…}.", block)
        values = a.take(block, WAVE, self.scope, self.findings)
        return Wave(**values, location=block.location) if values is not None else None

    def _vault(self, block: Block) -> Vault | None:
        inner = self._inner(block, {"native": self._native})
        if block.labels:
            self._wrong("label", "a vault block has no name", "Write vault {…}.", block)
        values = a.take(block, VAULT, self.scope, self.findings)
        if values is None:
            return None
        vault = Vault(**values, location=block.location)
        return evolve(vault, native=self._natives(block, vault.native, inner["native"]))

    def _data(self, block: Block) -> DataPolicy | None:
        self._inner(block, {})
        return self._made(DataPolicy, block, DATA)

    def _action(self, block: Block) -> Action | None:
        self._inner(block, {})
        return self._made(Action, block, ACTION)

    def _probe(self, block: Block) -> Probe | None:
        self._inner(block, {})
        return self._made(Probe, block, PROBE)

    def _role(self, block: Block) -> Role | None:
        inner = self._inner(block, {"volume": self._volume, "native": self._native})
        role = self._made(Role, block, ROLE, volumes=inner["volume"])
        return role and evolve(role, native=self._natives(block, role.native, inner["native"]))

    def _natives(self, block: Block, listed: Natives, blocks: Iterable[Natives]) -> Natives:
        """Options of providers, listed and in blocks."""
        native = dict(listed)
        for options in blocks:
            for provider in sorted(options.keys() & native.keys()):
                self._wrong(
                    "duplicate", f"the options of {provider!r} are set twice", "Set them once.", block
                )
            native |= options
        return native

    def _volume(self, block: Block) -> Volume | None:
        self._inner(block, {})
        return self._made(Volume, block, VOLUME)

    def _native(self, block: Block) -> Natives | None:
        """`native "aws" { option = … }`."""
        self._inner(block, {})
        if not self._has_one_name(block):
            return None
        options = a.Shapes({attribute.name: a.ANYTHING for attribute in block.attributes})
        return {block.labels[0]: a.take(block, options, self.scope, self.findings) or {}}

    def _flow(self, block: Block) -> Flow | None:
        self._inner(block, {})
        if block.labels:
            self._wrong("label", "an allow block has no name", "Write allow {…}.", block)
        values = a.take(block, ALLOW, self.scope, self.findings)
        if values is None:
            return None
        sources, targets = convert.strings(values.pop("from")), convert.strings(values.pop("to"))
        return Flow(sources, targets, **values, location=block.location)

    def _override(self, block: Block) -> tuple[Block, Mapping[str, Any]] | None:
        self._inner(block, {})
        values = a.take(block, OVERRIDES, self.scope, self.findings) or {}
        return (block, values) if self._has_one_name(block) else None

    def _inner(self, block: Block, readers: Mapping[str, Callable[[Block], Any]]) -> dict[str, list[Any]]:
        """The values of the blocks within, by kind."""
        made: dict[str, list[Any]] = {kind: [] for kind in readers}
        for inner in block.blocks:
            if inner.kind in readers:
                value = readers[inner.kind](inner)
                if value is not None:
                    made[inner.kind].append(value)
            else:
                message = f"there is no block {inner.kind!r} in a {block.kind} block"
                fix = did_you_mean(inner.kind, readers, "Remove it, or write it as `name = …`.")
                self._wrong("unknown-block", message, fix, inner)
        return made

    def _made(self, kind: Callable[..., T], block: Block, known: a.Shapes, **inner: Any) -> T | None:
        """The value of a block that bears a name; None where something that it needs is missing."""
        values = a.take(block, known, self.scope, self.findings)
        if not self._has_one_name(block) or values is None:
            return None
        return kind(block.labels[0], **values, **inner, location=block.location)

    def _has_one_name(self, block: Block) -> bool:
        if len(block.labels) != 1:
            fix = f'Write {block.kind} "NAME" {{…}}.'
            self._wrong("label", f"a {block.kind} block has one name", fix, block)
        return len(block.labels) == 1

    def _wrong(self, rule: str, message: str, fix: str, block: Block) -> None:
        self.findings.extend(problem(rule, message, fix, block.location).findings)
