"""One driver for each kind of resource."""

from attrs import evolve

from portinfra import errors
from portinfra.model.address import Address
from portinfra.model.observed import Fault, Observed
from portinfra.model.resources import (
    Attachment,
    Firewall,
    FirewallRules,
    Instance,
    Network,
    PublicAddress,
    Rule,
    Snapshot,
    Subnet,
    Volume,
)
from portinfra.provider.interface import Call
from portinfra.provider.lifecycle import AttachmentDriver, Copy, LifecycleDriver
from portinfra.provider.rule_changes import RuleChangesDriver

REFERENCES = {"network", "subnet", "firewall", "instance", "volume"}
STATES = {"UP": "ready", "GOING": "deleting"}  # every other status is pending


def write(action, parameters, address, after, **more):
    """Return a call that changes something. Each is safe here: it has a token or an id."""
    return Call(action, parameters, address, after, rates=("write",), safe=True, **more)


def read(kind):
    return (Call(f"List {kind.__name__}", rates=("read",)),)


def records(answers, kind):
    """Return all records of a kind. A list that failed is absent from the answers."""
    lists = [pages for call, pages in answers.items() if call.action == f"List {kind.__name__}"]
    return [record for pages in lists for page in pages for record in page["records"]]


def owned(answers, kind, scope):
    """Return our records with their addresses. A record whose name is another has copied labels."""
    ours = [r for r in records(answers, kind) if r.get("labels", {}).get("scope") == str(scope)]
    pairs = [(Address(record["labels"]["address"]), record) for record in ours]
    return [(a, record) for a, record in pairs if record["name"] == scope.native_name(a.name)]


class AcmeDriver(LifecycleDriver):
    """Every kind of this cloud has Create, Set and Delete. One Set changes everything."""

    fields = ()  # of the spec: what a record keeps as it is declared
    birth = ()  # what only the creation writes, and no list shows

    def survey(self, scope, only=()):
        return read(self.spec)

    def assemble(self, answers, names):
        copies = []
        for address, record in owned(answers, self.spec, names.scope):
            values = {name: record[name] for name in self.fields}
            for name in REFERENCES & values.keys():  # a reference that is gone becomes None
                values[name] = names.address_of(values[name])
            spec = self.spec(address.name, **values)
            parts = {"id": record["id"], "name": record["name"]}  # all that delete needs
            state = STATES.get(record["status"], "pending")
            failed = record["status"] == "BROKEN"  # accepted, and then it failed
            fault = Fault(errors.NoCapacity, "no machine is left", "E17") if failed else None
            seen = Observed(address, spec, parts, state, record.get("zone"), fault=fault)
            copies.append(Copy(seen, record["labels"]["attempt"]))
        return self.keep_one(copies)

    def create(self, want, refs):
        values = self._values(want, refs, (*self.fields, *self.birth)) | {"token": refs.token(want)}
        zone = getattr(want, "zone", None)
        after = Observed(want.address, want, {"name": refs.name(want)}, place=zone)
        fills = {"id": "record.id"}  # the part `id` is at `record.id` of the answer
        return write(f"Create {self.spec.__name__}", values, want.address, after, fills=fills)

    def update(self, want, seen, refs):  # `own` calls it too: a Set also writes name and labels
        values = self._values(want, refs, [f for f in self.fields if f not in self.replaces])
        parts = {**seen.parts, "name": refs.name(want)}
        after = evolve(seen, address=want.address, spec=want, parts=parts)
        return write(f"Set {self.spec.__name__}", {"id": seen.id, **values}, want.address, after)

    def delete(self, seen):
        return write(f"Delete {self.spec.__name__}", {"id": seen.id}, seen.address, None)

    def absorb(self, seen, call, answer):
        """Return what starts as pending. Without this, core takes it for ready at once."""
        after = super().absorb(seen, call, answer)
        starts = answer and answer.get("record", {}).get("status") == "STARTING"
        return evolve(after, state="pending") if starts else after

    def _values(self, want, refs, fields):
        owner = refs.owner(want)
        labels = {"scope": str(owner.scope), "address": owner.address, "attempt": owner.attempt}
        values = {name: getattr(want, name) for name in fields}
        ids = {name: refs.id(values[name]) for name in sorted(REFERENCES & values.keys())}
        return {**values, **ids, "name": refs.name(want), "labels": labels}


class NetworkDriver(AcmeDriver):
    spec = Network
    fields = ("cidr", "tags")
    replaces = frozenset({"cidr"})  # cannot change in place


class SubnetDriver(AcmeDriver):
    spec = Subnet
    fields = ("network", "cidr", "zone", "public", "tags")
    replaces = frozenset({"cidr", "zone", "network"})
    holds = frozenset({"network"})  # the cloud deletes no network with subnets


class FirewallDriver(AcmeDriver):
    spec = Firewall
    fields = ("network", "tags")
    replaces = holds = frozenset({"network"})


class RulesDriver(RuleChangesDriver):
    """A firewall's record has its rules. Allow and Remove change some of one way."""

    def survey(self, scope, only=()):
        return read(Firewall)

    def assemble(self, answers, names):
        found = []
        for address, record in owned(answers, Firewall, names.scope):
            ways = {way: self._rules(record[way], names) for way in ("ingress", "egress")}
            spec = FirewallRules(address.name, address, **ways)  # it has its firewall's name
            found.append(Observed(spec.address, spec, {"firewall": record["id"]}))  # no part `id`
        return found

    def change(self, verb, way, rules, after, refs):
        native = [(*rule[:3], self._peer(rule, refs)) for rule in rules]
        parameters = {"id": after.parts["firewall"], "way": way, "rules": native}
        return write(f"{verb.title()} Rules", parameters, after.address, after)

    def _rules(self, native, names):
        """Return rules whose peer is a CIDR, or the address of a firewall that exists."""
        peers = [peer if "/" in peer else names.address_of(peer) for *_, peer in native]
        return [Rule(*rule[:3], peer) for rule, peer in zip(native, peers, strict=True) if peer]

    def _peer(self, rule, refs):
        return refs.id(rule.peer_firewall) if rule.peer_firewall else rule.peer


class InstanceDriver(AcmeDriver):
    spec = Instance
    fields = ("subnet", "firewall", "zone", "private_address", "machine_type", "image", "disk_gib")
    fields += ("key", "power", "protect", "tags", "native", "birth")
    birth = ("image_id", "user_data", "ssh_keys")
    holds = frozenset({"subnet", "firewall"})
    replaces = frozenset({"subnet", "firewall", "zone", "private_address", "image", "disk_gib"})
    replaces |= {"key", "native"}
    interrupts = frozenset({"machine_type"})


class VolumeDriver(AcmeDriver):
    spec = Volume
    fields = ("gib", "zone", "key", "protect", "tags")
    replaces = frozenset({"zone", "key"})
    holds_data = True

    def create(self, want, refs):
        call = super().create(want, refs)
        source = refs.id(want.source) if want.source in refs.seen else want.source
        return evolve(call, parameters={**call.parameters, "source": source})


class AttachDriver(AttachmentDriver):
    """It has no owner: it belongs to its volume, and has the name of its volume."""

    def survey(self, scope, only=()):
        return read(Attachment)

    def assemble(self, answers, names):
        found = []
        for record in records(answers, Attachment):
            volume, host = names.address_of(record["volume"]), names.address_of(record["instance"])
            if volume is not None:  # else it is not ours
                spec = Attachment(volume.name, host, volume, record["device"])
                parts = {"id": record["id"]}
                found.append(Observed(spec.address, spec, parts, place=record["zone"]))
        return found

    def create(self, want, refs):
        ids = {"instance": refs.id(want.instance), "volume": refs.id(want.volume)}
        parameters = {**ids, "device": want.device, "token": refs.token(want)}
        after = Observed(want.address, want, place=refs.seen[want.instance].place)
        fills = {"id": "record.id"}
        return write("Create Attachment", parameters, want.address, after, fills=fills)

    def delete(self, seen):
        return write("Delete Attachment", {"id": seen.id}, seen.address, None)


class PublicAddressDriver(AcmeDriver):
    spec = PublicAddress
    fields = ("instance", "tags")


class SnapshotDriver(AcmeDriver):
    spec = Snapshot
    fields = ("volume", "copy_of", "key", "shared_with", "tags")
    replaces = frozenset({"volume", "copy_of", "key"})
    cannot_show = frozenset({"size_gib"})
    holds_data = True


KINDS = (
    NetworkDriver(),
    SubnetDriver(),
    FirewallDriver(),
    RulesDriver(),
    InstanceDriver(),
    VolumeDriver(),
    AttachDriver(),
    PublicAddressDriver(),
    SnapshotDriver(),
)
DRIVERS = {driver.spec: driver for driver in KINDS}
