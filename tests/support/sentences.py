"""Random histories of one environment, and what the simulator's own records say of each positive sentence.

The records are read by a client of the simulator, and not by a driver of portinfra.
"""

import random
import re
from contextlib import suppress

from attrs import evolve
from typer.testing import CliRunner

from portinfra import INTERNET, Environment, Role, Topology, Volume, allow, place
from portinfra.commands.app import app
from portinfra.commands.session import Session
from portinfra.declaration.declared import Declared
from portinfra.execution.connection import Connection
from portinfra.execution.options import RunOptions
from portinfra.model.address import Scope
from portinfra.render.console.assurances import ASSURANCES
from portinfra.testing.call_wrapper import wrap_calls
from portinfra.testing.fake import SHAPES, FakeCloud, plugin
from portinfra.testing.fake.errors import FakeError
from portinfra.testing.fake.packets import Packets
from portinfra.testing.faults import MISHAPS, Crash, Faults, Weather

ACCOUNT, REGION = "111122223333", "us-east-1"
ZONES = tuple(REGION + letter for letter in "abc")
FEW = {"check/fewer-than-three": "as small as can be"}
SCOPE = Scope("shop", "demo")
IN_SHAPES = ("aws", "gcp", "aws", "name", "aws", "libvirt", "instant")
"""The shapes of the simulator, by the number of a history."""
PORTS = (22, 443, 5432)


FIELDS = {
    "what": r"(?:(?P<roles>[a-z, ]+) of )?shop/demo",
    "exceptions": r"(?:, except .*?)?",
    "untried": r"\d+",
}


def pattern(sentence, fields):
    """The expression that finds a sentence in what a command prints. `fields`: name → expression."""
    text = re.escape(sentence).replace(r"\{", "{").replace(r"\}", "}")
    for name, each in fields.items():
        text = text.replace(f"{{{name}}}", f"(?P<{name}>{each})")
    return re.compile(text + r"(?=[\s)]|$)", re.MULTILINE)


PATTERNS = {name: pattern(sentence, FIELDS) for name, sentence in ASSURANCES.items()}


class FalseSentence(AssertionError):
    """A positive sentence that the simulator's records contradict."""


class History:
    """What happens to one environment. `printed` counts the positive sentences, by name."""

    def __init__(self, seed):
        self.chance = random.Random(seed)
        self.cloud = plugin.cloud = FakeCloud(shape=SHAPES[IN_SHAPES[seed % len(IN_SHAPES)]])
        self.cloud.before_request = self._note_request
        self.requested = set()
        self.denied = False
        self.environment = Environment("demo", on=f"fake:{REGION}", account=ACCOUNT)
        web = Role("web", count=self.chance.randint(1, 2), public="customers", waive=FEW)
        data = Volume("data", gib=2, mount="/srv")
        db = Role("db", count=self.chance.randint(1, 2), volumes=[data], waive=FEW, slot=1)
        self.topology = Topology(
            "shop", [evolve(web, slot=0), db], [allow(INTERNET, "web", tcp=443, why="shop")]
        )
        self.born = {}
        self.silent = set()
        self.fenced = False
        self.printed = set()
        self.said = []

    def run(self, steps):
        self.command("apply", "--yes")
        for _ in range(steps):
            self.chance.choice(EVENTS)(self)
            self.command(*self.chance.choice(COMMANDS))
        self.cloud.unreachable.clear()

    # What happens

    def edit(self):
        role = self.chance.choice(self.topology.roles)
        other = self.chance.choice(
            [
                {"count": self.chance.randint(0, 3)},
                {"size": self.chance.choice(["small", "medium"])},
                {"tags": {"team": self.chance.choice(["red", "blue"])}},
                {"user_data": f"#!/bin/sh\n# {self.chance.randint(0, 2)}\n"},
                {"ssh_keys": ["ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI0Q7 ada"][: self.chance.randint(0, 1)]},
                {
                    "volumes": [
                        Volume(
                            "data", gib=self.chance.randint(1, 3), mount=self.chance.choice(["/srv", "/data"])
                        )
                    ]
                },
                {"volumes": []},
            ]
        )
        self.topology = self.topology.with_role(evolve(role, **other))

    def open_or_close(self):
        ssh = allow("web", "db", tcp=5432, why="orders")
        flows = [flow for flow in self.topology.flows if flow.targets != ssh.targets]
        self.topology = evolve(
            self.topology, flows=flows if len(flows) < len(self.topology.flows) else [*flows, ssh]
        )

    def reorder_zones(self):
        zones = self.chance.choice([(), ZONES, (ZONES[1], ZONES[0], ZONES[2])])
        self.environment = evolve(self.environment, zones=zones)

    def tamper(self):
        actions = {
            "StopInstance": "instance",
            "DeleteInstance": "instance",
            "DeletePublicAddress": "public-address",
        }
        action = self.chance.choice(sorted(actions))
        there = [each["id"] for each in self.ground_truth(actions[action])]
        if there:
            with suppress(FakeError):  # its zone does not answer
                self.cloud.request(ACCOUNT, REGION, action, {"id": self.chance.choice(there)})

    def open_by_hand(self):
        rule = {"protocol": "tcp", "first": 22, "last": 22, "peer": "0.0.0.0/0"}
        for wall in self.ground_truth("firewall")[:1]:
            if rule not in wall["ingress"]:
                self.cloud.request(
                    ACCOUNT,
                    REGION,
                    "AllowTraffic",
                    {"id": wall["id"], "direction": "ingress", "rules": [rule]},
                )

    def silence(self):
        zone = self.chance.choice(ZONES)
        change = (
            self.cloud.unreachable.discard if zone in self.cloud.unreachable else self.cloud.unreachable.add
        )
        change(zone)

    def turn(self):
        """Fence the environment, or end that."""
        self.fenced = not self.fenced
        with Connection.to(self.environment) as here, here.start_run(SCOPE, RunOptions(seed=0)) as run:
            run.record_fence(epoch=1_900_000_000, fenced=self.fenced)

    def crash(self):
        faults = Faults(at=self.chance.randint(3, 40), mishap=self.chance.choice(MISHAPS))
        with wrap_calls("fake", Weather(faults).perform), suppress(Crash):
            self.command("apply", "--yes")
        self._note_births()

    def deny(self):
        """Ask for many hosts while the permission to create hosts is missing."""
        before, web = self.topology, self.topology.role("web")
        self.topology = self.topology.with_role(evolve(web, count=12, waive=FEW))
        self.denied = True
        self.command("apply", "--yes")
        self.topology, self.denied = before, False

    def time_passes(self):
        self.cloud.clock.sleep_until(self.cloud.clock.now() + 120)

    # What is said, and what is so

    def command(self, *arguments):
        arguments = [zone for each in arguments for zone in self._expanded(each)]
        self.time_passes()
        self.requested.clear()
        session = Session("python shop.py", tuple(arguments), Declared((self.topology,), (self.environment,)))
        result = CliRunner().invoke(app(session), arguments)
        if result.exception and not isinstance(result.exception, SystemExit):
            raise result.exception
        self._note_births()
        self.said.append(f"$ {' '.join(arguments)}\n{result.stdout}{result.stderr}")
        for name, each in PATTERNS.items():
            for found in each.finditer(result.stdout + result.stderr):
                self.printed.add(name)
                if wrong := ORACLES[name](self, found):
                    raise FalseSentence(f"{found[0]!r}\n{wrong}\n\n" + "\n".join(self.said[-4:]))

    def _expanded(self, word):
        if word != "ZONES":
            return [word]
        return [text for zone in sorted(self.cloud.unreachable) for text in ("--without-zone", zone)]

    def _note_request(self, action, parameters):
        if action == "CreateInstance":
            self.requested.add(SCOPE.resource_name(parameters["name"]))
            if self.denied:
                raise FakeError("AccessDenied", "CreateInstance is not permitted")

    def _note_births(self):
        declared = {spec.name: spec for spec in self._declared().values() if spec.kind == "instance"}
        for host in self.ground_truth("instance"):
            name = SCOPE.resource_name(host["name"])
            if host["id"] not in self.born and name in declared:
                self.born[host["id"]] = _birth(declared[name])

    def _declared(self):
        return place(self.topology, self.environment).resources

    def ground_truth(self, kind=None):
        """Everything of the scope, by the simulator's word."""
        return [
            each
            for each in self.cloud.ground_truth(ACCOUNT)
            if each["kind"] != "claim"
            and kind in (None, each["kind"])
            and SCOPE.resource_name(each["name"])
            and each["state"] not in ("terminated", "deleting", "shutting-down")
        ]

    def differences(self):
        """Return address → what is otherwise than declared, by the simulator's records."""
        names = {each["id"]: SCOPE.resource_name(each["name"]) for each in self.ground_truth()}
        there = {(each["kind"], names[each["id"]]): each for each in self.ground_truth()}
        declared, zones = self._declared(), self.environment.zones
        found = {f"{kind}.{name}": "not declared" for kind, name in there if f"{kind}.{name}" not in declared}
        for address, want in declared.items():
            seen = there.get((address.kind, address.name))
            if address.kind == "attachment":
                volume = there.get(("volume", want.volume.name), {})
                host = names.get((volume.get("attachment") or {}).get("instance", ""))
                if host != want.instance.name:
                    found[address] = f"attached to {host}"
                continue
            if address.kind == "firewall-rules":
                seen = there.get(("firewall", address.name))
            if seen is None:
                found[address] = "missing"
                continue
            found |= {f"{address} {name}": "differs" for name in _differing(want, seen, names)}
            if address.kind == "instance":
                if self.born.get(seen["id"], _birth(want)) != _birth(want):
                    found[f"{address} born"] = "born otherwise"
                if zones and seen["zone"] != zones[want.zone]:
                    found[f"{address} zone"] = f"in {seen['zone']}"
        return found


def _birth(host):
    return host.user_data, host.ssh_keys, [(mount.device, mount.place) for mount in host.mounts]


def _differing(want, seen, names):
    for name in ("private_address", "machine_type", "disk_gib", "power", "gib", "public", "cidr", "tags"):
        if not hasattr(want, name) or name not in seen:
            continue
        value, there = getattr(want, name), seen[name]
        value = f"f1.{value}" if name == "machine_type" else value
        if name == "tags":
            there = {key: text for key, text in there.items() if not key.startswith("portinfra-")}
        if value != there:
            yield name
    if want.kind == "public-address" and names.get(seen["instance"]) != want.instance.name:
        yield "instance"
    for way in ("ingress", "egress") if want.kind == "firewall-rules" else ():
        rules = {(r["protocol"], r["first"], r["last"], names.get(r["peer"], r["peer"])) for r in seen[way]}
        if rules != {
            (r.protocol, r.first, r.last, r.peer.removeprefix("firewall.")) for r in getattr(want, way)
        }:
            yield way


# The oracles: each returns what the records contradict, or nothing.


def as_declared(history, found):
    """All that is declared exists as declared, and nothing else, but for the exceptions."""
    return _left(history, found, history.differences())


def off(history, found):
    """No host runs, and what does not go with the hosts is as declared."""
    exceptions, silent = found["exceptions"] or "", set(history.cloud.unreachable)
    hosts = history.ground_truth("instance")
    running = [each for each in hosts if each["power"] == "running" and each["zone"] not in silent]
    wrong = _left(history, found, {f"instance.{SCOPE.resource_name(h['name'])}": "runs" for h in running})
    named = re.search(r"(\d+) hosts? that still runs?", exceptions)
    if named and int(named[1]) == len(wrong):
        wrong = {}
    there = {SCOPE.resource_name(host["name"]) for host in hosts}
    missing = [a.name for a in history._declared() if a.kind == "instance" and a.name not in there]
    missing = [
        each.partition(".")[2]
        for each in _left(history, found, dict.fromkeys(f"instance.{m}" for m in missing))
    ]
    if bool(missing) != ("not exist" in exceptions) and not silent:
        wrong["missing"] = missing
    without = {
        what: why
        for what, why in history.differences().items()
        if not what.endswith(" power") and not any(name in what for name in missing)
    }
    return {**wrong, **_left(history, found, without)}


def in_zones_that_answer(history, found):
    """Each declared host in a zone that answers is as declared."""
    silent = history.cloud.unreachable
    zone_of = {
        f"instance.{SCOPE.resource_name(each['name'])}": each["zone"]
        for each in history.ground_truth("instance")
    }
    here = {
        what: why
        for what, why in history.differences().items()
        # What goes may wait for what was not read.
        if zone_of.get(what.partition(" ")[0], "") not in ("", *silent) and why != "not declared"
    }
    return _left(history, found, here)


def not_tried(history, found):
    """So many of the hosts that failed for one reason were never requested."""
    line = next(line for line in found.string.splitlines() if found[0] in line)
    failed = int(re.search(r"The same for (\d+) more", line)[1]) + 1
    there = {SCOPE.resource_name(host["name"]) for host in history.ground_truth("instance")}
    tried = history.requested - there
    return tried if len(tried) > failed - int(found["untried"]) else set()


def dropped(history, found):
    """Every packet that the simulator's network lets through is among the listed ways."""
    if "--observed" not in history.said[-1].partition("\n")[0]:
        return []
    ways = [re.split(r"\s{2,}", line.strip()) for line in found.string.splitlines()]
    listed = {
        (source, target, port)
        for sources, targets, traffic, *_ in (way for way in ways if len(way) > 3)
        for source in sources.split(", ")
        for target in targets.split(", ")
        for port in PORTS
        if _is_open(traffic, port)
    }
    packets = Packets(history.cloud, ACCOUNT, REGION)
    role = {a: SCOPE.resource_name(h["name"]).rstrip("0123456789") for a, h in packets.hosts.items()}
    zone = {address: host["zone"] for address, host in packets.hosts.items()}
    read = [a for a in role if f"resources in {zone[a]}" not in (found["exceptions"] or "")]
    return [
        (source, target, port)
        for source in ("203.0.113.9", *read)
        for target in read
        for port in PORTS
        if packets.arrives(source, target, "tcp", port)
        and (role.get(source, "internet"), role[target], port) not in listed
    ]


def _is_open(traffic, port):
    """Whether a column of traffic names a port of TCP."""
    for part in re.findall(r"tcp ([0-9, -]+)", traffic):
        for each in part.split(","):
            first, _, last = each.strip().partition("-")
            if first and int(first) <= port <= int(last or first):
                return True
    return False


def nothing_left(history, found):
    """No resource of the scope exists, but for those that are kept."""
    left = {f"{each['kind']}.{SCOPE.resource_name(each['name'])}": "left" for each in history.ground_truth()}
    return _left(history, found, left)


ORACLES = {
    "nothing to do": as_declared,
    "nothing to do where zones answer": in_zones_that_answer,
    "nothing to do when fenced": off,
    "nothing to destroy": nothing_left,
    "nothing differs": as_declared,
    "applied": as_declared,
    "applied when fenced": off,
    "destroyed": nothing_left,
    "dropped": dropped,
    "not tried": not_tried,
}
"""The name of each positive sentence → the query that contradicts it."""


def _left(history, found, differences):
    """Return the differences that the sentence does not except."""
    exceptions, roles = found["exceptions"] or "", found.groupdict().get("roles")
    if roles:
        chosen = tuple(roles.split(", "))
        differences = {
            what: why for what, why in differences.items() if what.partition(".")[2].startswith(chosen)
        }
    unknown = re.search(r"the creation settings of (\d+) hosts?, which are not known", exceptions)
    if unknown or "the creation settings of hosts" in exceptions:
        differences = {what: why for what, why in differences.items() if not what.endswith(" born")}
    moved = sum(what.endswith(" zone") for what in differences)
    number = re.search(r"the zones of (\d+) hosts?", exceptions)
    if number and (int(number[1]) == moved or history.cloud.unreachable):
        differences = {what: why for what, why in differences.items() if not what.endswith(" zone")}
    if silent := re.search(r"resources in ([a-z0-9, -]+?), which (?:was|were) not read", exceptions):
        differences = _answered(history, silent[1].split(", "), differences)
    if "kept for the data" in exceptions:
        volumes = {what.partition(" ")[0] for what in differences if what.startswith("volume.")}
        numbers = map(int, re.findall(r"(\d+) volumes?\b", exceptions))
        if len(volumes) <= sum(numbers):
            kept = {each.partition(".")[2] for each in volumes}
            differences = {
                w: why for w, why in differences.items() if w.partition(" ")[0].partition(".")[2] not in kept
            }
    return differences


def _answered(history, silent, differences):
    there = {
        f"{each['kind']}.{SCOPE.resource_name(each['name'])}": each.get("zone")
        for each in history.ground_truth()
    }
    declared = history._declared()
    # What goes may wait for what was not read.
    differences = {what: why for what, why in differences.items() if why != "not declared"}
    unread = {a for a, zone in there.items() if zone in silent}
    unread |= {a for a in declared if any(h in unread for h in declared[a].references())}
    return {
        what: why
        for what, why in differences.items()
        if (address := what.partition(" ")[0]) not in unread and address in there and there[address]
    }


EVENTS = (
    History.edit,
    History.edit,
    History.edit,
    History.edit,
    History.open_or_close,
    History.reorder_zones,
    History.tamper,
    History.open_by_hand,
    History.silence,
    History.deny,
    History.turn,
    History.crash,
    History.time_passes,
)
COMMANDS = (
    ("plan",),
    ("plan", "--only", "web"),
    ("plan", "ZONES"),
    ("status",),
    ("status",),
    ("check", "--observed"),
    ("apply", "--yes"),
    ("apply", "--yes"),
    ("apply", "--yes", "ZONES"),
    ("apply", "--yes", "--only", "db"),
    ("apply", "--yes", "--allow-data-loss", "all"),
    ("plan", "--destroy"),
    ("destroy", "--yes"),
    ("destroy", "--yes", "ZONES", "--allow-data-loss", "all"),
)
