"""The imaginary cloud, in memory: your cloud's library, or an emulator, takes its place."""

import copy
import threading

USES = {
    "network": "Network",
    "subnet": "Subnet",
    "firewall": "Firewall",
    "instance": "Instance",
    "volume": "Volume",
}
"""Field of a record → the kind whose id it has."""

ZONAL = ("Instance", "Volume", "Attachment", "Subnet")
STARTING = ("Instance", "Volume")
STARTING_SECONDS = 20.0


class AcmeError(Exception):
    def __init__(self, code, text):
        super().__init__(text)
        self.code = code


class Cloud:
    """It is a clock too: its time is virtual, so hours cost nothing."""

    virtual = True

    def __init__(self):
        self.lock = threading.Lock()
        self.reset()

    def reset(self):
        self.time, self.number = 1_700_000_000.0, 0
        self.records = {}  # kind → id → record
        self.notes = {}  # name → note
        self.silent, self.exhausted, self.quotas = set(), set(), {}
        self.failing = 0  # so many of the next hosts fail after they were accepted

    def now(self):
        return self.time

    def sleep_until(self, moment):
        self.time = max(self.time, moment)

    def close(self):
        pass

    def request(self, action, parameters):
        with self.lock:
            self._start()
            verb, *kinds = action.split(" ")
            answer = getattr(self, f"do_{verb}")(*kinds, **copy.deepcopy(dict(parameters)))
            return copy.deepcopy(answer)

    def _start(self):
        for record in [r for records in self.records.values() for r in records.values()]:
            if record["status"] == "STARTING" and self.time >= record["ready_at"]:
                record["status"] = "BROKEN" if record.get("broken") else "UP"

    def _get(self, kind, id):
        try:
            return self.records.get(kind, {})[id]
        except KeyError:
            raise AcmeError("NotFound", f"no {kind} {id}") from None

    def _check_zone(self, zone):
        if zone in self.silent:
            raise AcmeError("Unavailable", f"{zone} does not answer")

    def do_Project(self):
        return {"id": "123"}

    def do_List(self, kind):
        found = [*self.records.get(kind, {}).values()]
        if kind not in ZONAL:
            return {"records": found}
        answering = [record for record in found if record["zone"] not in self.silent]
        return {"records": answering, "silent": sorted(self.silent)}

    def do_Create(self, kind, token, **fields):
        same_kind = self.records.setdefault(kind, {})
        for record in same_kind.values():
            if record["token"] == token:
                return {"record": record}
        for field in USES.keys() & fields.keys():
            if fields[field]:
                self._get(USES[field], fields[field])
        self._check_room(kind, fields, same_kind)
        if kind == "Attachment":
            fields["zone"] = self._get("Instance", fields["instance"])["zone"]
        if kind == "Firewall":
            fields |= {"ingress": [], "egress": []}
        if kind == "Instance" and self.failing:
            self.failing -= 1
            fields["broken"] = True
        self.number += 1
        id = f"{kind.lower()}-{self.number}"
        status = "STARTING" if kind in STARTING else "UP"
        record = {**fields, "id": id, "token": token, "status": status}
        same_kind[id] = record | {"ready_at": self.time + STARTING_SECONDS}
        return {"record": record}

    def _check_room(self, kind, fields, same_kind):
        self._check_zone(fields.get("zone"))
        if kind == "Instance" and fields["zone"] in self.exhausted:
            raise AcmeError("NoCapacity", "the zone has no machine left")
        if len(same_kind) >= self.quotas.get(kind, 1000):
            raise AcmeError("QuotaExceeded", f"no more {kind}")
        if kind == "Attachment" and any(
            r["volume"] == fields["volume"] for r in same_kind.values()
        ):
            raise AcmeError("Conflict", "the volume is attached")

    def do_Set(self, kind, id, **fields):
        record = self._get(kind, id)
        self._check_zone(record.get("zone"))
        record.update(fields)
        return {}

    def do_Delete(self, kind, id):
        record = self._get(kind, id)
        self._check_zone(record.get("zone"))
        if record.get("protect"):
            raise AcmeError("Conflict", f"{id} is protected")
        for other, user in [(k, r) for k, rs in self.records.items() for r in [*rs.values()]]:
            if other != "Snapshot" and id in [user.get(field) for field in USES]:
                self._let_go(kind, id, other, user)
            rules = [*user.get("ingress", ()), *user.get("egress", ())]
            if user["id"] != id and id in [rule[3] for rule in rules]:
                raise AcmeError("Conflict", f"a rule of {user['id']} names {id}")
        del self.records[kind][id]
        return {}

    def _let_go(self, kind, id, other, user):
        """A host takes its attachments with it, and frees its public address."""
        if kind == "Instance" and other == "Attachment":
            del self.records[other][user["id"]]
        elif kind == "Instance" and other == "PublicAddress":
            user["instance"] = ""
        else:
            raise AcmeError("Conflict", f"{id} is used by {user['id']}")

    def do_Allow(self, _, id, way, rules):
        firewall = self._get("Firewall", id)
        firewall[way] = [*firewall[way], *(rule for rule in rules if rule not in firewall[way])]
        return {}

    def do_Remove(self, _, id, way, rules):
        firewall = self._get("Firewall", id)
        firewall[way] = [rule for rule in firewall[way] if rule not in rules]
        return {}

    def do_ListNotes(self, scope):
        return {"notes": [note for note in self.notes.values() if note["scope"] == scope]}

    def do_CreateNote(self, name, **fields):
        if name in self.notes:
            raise AcmeError("AlreadyExists", f"{name} exists")
        self.notes[name] = fields
        return {}

    def do_WriteNote(self, name, **fields):
        self._check_note(name)
        self.notes[name] = fields
        return {}

    def do_DeleteNote(self, name, **fields):
        self._check_note(name)
        del self.notes[name]
        return {}

    def _check_note(self, name):
        if name not in self.notes:
            raise AcmeError("NotFound", f"no note {name}")


CLOUD = Cloud()
