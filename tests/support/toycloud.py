"""A cloud of one table, with virtual time: what the coordinator needs and nothing else."""

from collections.abc import MutableMapping
from types import MappingProxyType

from attrs import evolve
from toy import CATALOGUE, DRIVERS, PRODUCTION, ToyDriver, topology

from portinfra import Role, Volume, allow, errors
from portinfra.execution.options import RunOptions
from portinfra.execution.run import Run
from portinfra.model.catalogue import Capabilities
from portinfra.model.observed import Observation
from portinfra.model.plan import PlanOptions
from portinfra.model.record import Record
from portinfra.placement import place
from portinfra.planning.make_plan import make_plan
from portinfra.provider.interface import Call, RecordDriver, Wait
from portinfra.provider.record_names import record_address
from portinfra.records.lease import to_lease, to_text


class ToyClock:
    virtual = True

    def __init__(self):
        self.moment = 1000.0

    def now(self):
        return self.moment

    def sleep_until(self, moment):
        self.moment = max(self.moment, moment)


class ListingDriver(ToyDriver):
    """Sees what is in the table; a resource is pending for `pending_seconds` after each write."""

    def survey(self, scope, only=()):
        return (Call("List", {"kind": self.spec.kind}),)

    def assemble(self, answers, names):
        return [seen for (answer,) in answers.values() for seen in answer["items"]]

    def next_call(self, want, seen, refs):
        if seen is not None and (seen.state == "deleting" or (seen.state != "ready" and not seen.fault)):
            return Wait("getting ready")
        return super().next_call(want, seen, refs)

    def absorb(self, seen, call, answer):
        if answer is not None and answer.get("pending") and call.after:
            return evolve(call.after, state="pending", parts={"id": call.address})
        if answer is not None and answer.get("leaves"):
            return evolve(seen, state="deleting")
        return super().absorb(seen, call, answer)


class ToyRecords(RecordDriver):
    def survey(self, scope):
        return Call("ListRecords")

    def assemble(self, answers):
        return [record for answer in answers for record in answer["records"]]

    def create(self, scope, record):
        return self._change("Create", record.number, record=record)

    def write(self, scope, record):
        return self._change("Write", record.number, record=record)

    def delete(self, scope, number):
        return self._change("Delete", number, number=number)

    def _change(self, verb, named, **parameters):
        return Call(f"{verb}Record", parameters, record_address(named), safe=verb != "Create")


class LeaseTable(MutableMapping):
    """Number → lease, as the texts of the cloud's records have it."""

    def __init__(self):
        self.texts = {}

    def __getitem__(self, number):
        return to_lease(Record(number, self.texts[number]))

    def __setitem__(self, number, lease):
        self.texts[number] = to_text(lease)

    def __delitem__(self, number):
        del self.texts[number]

    def __iter__(self):
        return iter(self.texts)

    def __len__(self):
        return len(self.texts)


class ToyProvider:
    name = "toy"
    drivers = MappingProxyType({kind: ListingDriver(kind) for kind in DRIVERS})
    records = ToyRecords()

    def __init__(self, *, pending_seconds=0.0, rates=None):
        self.capabilities = Capabilities()
        self.clock = ToyClock()
        self.pending_seconds = pending_seconds
        self.rates = rates or {}
        self.table, self.ready_at, self.leases = {}, {}, LeaseTable()
        self.made = []
        """(moment, action, address) of every write."""
        self.fail = lambda call: None
        """Called before each write: raises what goes wrong before the effect."""
        self.lose = lambda call: None
        """Called after each write: raises what goes wrong after it."""
        self.mute = lambda call: None
        """Called before each list: raises why there is none."""
        self.answers = {
            "List": self._list,
            "Create": self._write,
            "Update": self._write,
            "Delete": self._write,
            "ListRecords": self._list_records,
            "CreateRecord": self._create_record,
            "WriteRecord": self._write_record,
            "DeleteRecord": self._delete_record,
        }
        """What answers each call, by its action: a test may put something else there."""

    def account_calls(self):
        return ()

    def account_of(self, answers):
        return ""

    def principal_of(self, answers):
        return ""

    def catalogue_calls(self):
        return ()

    def catalogue(self, answers):
        return evolve(CATALOGUE, rates=self.rates)

    def perform(self, call):
        return self.answers[call.action](call)

    def more(self, call, answer):
        return None

    def silent(self, call, answer):
        return frozenset()

    def classify(self, error):
        return errors.InvalidRequest(str(error))

    def close(self):
        pass

    def _list(self, call):
        self.mute(call)
        found = [(a, seen) for a, seen in self.table.items() if a.kind == call.parameters["kind"]]
        now = self.clock.now()
        return {"items": [evolve(s, state="pending") if self.ready_at[a] > now else s for a, s in found]}

    def _write(self, call):
        self.fail(call)
        self.made.append((self.clock.now(), call.action, call.address))
        if call.after is None:
            del self.table[call.address]
            ended = [address for address, seen in self.table.items() if seen.spec.ends_with(call.address)]
            for address in ended:
                del self.table[address]
        else:
            self.table[call.address] = evolve(call.after, parts={"id": call.address})
            self.ready_at[call.address] = self.clock.now() + self.pending_seconds
        self.lose(call)
        return {"id": call.address, "pending": bool(self.pending_seconds)}

    def _list_records(self, call):
        return {"records": [Record(number, text) for number, text in self.leases.texts.items()]}

    def _create_record(self, call):
        self.fail(call)
        record = call.parameters["record"]
        if record.number in self.leases:
            raise errors.AlreadyExists("taken")
        self.leases.texts[record.number] = record.text
        self.lose(call)
        return {}

    def _write_record(self, call):
        record = call.parameters["record"]
        if record.number not in self.leases:
            raise errors.NotFound("gone")
        self.leases.texts[record.number] = record.text
        return {}

    def _delete_record(self, call):
        if self.leases.texts.pop(call.parameters["number"], None) is None:
            raise errors.NotFound("gone")
        return {}


TWO_ROLES = topology(
    Role("web", count=3),
    Role("db", count=2, volumes=[Volume("data", gib=1)]),
    flows=[allow("web", "db", tcp=5432)],
)


def plan_for(provider, declared, *, destroy=False, **options):
    return make_plan(
        place(declared, PRODUCTION),
        provider.catalogue({}),
        Observation(dict(provider.table)),
        provider.drivers,
        PlanOptions(**options),
        destroy=destroy,
    )


def run(provider, plan, *, seed=0, listen=lambda progress: None):
    with Run(provider, plan.scope, "1", run_options=RunOptions(seed=seed)) as running:
        return running.apply(plan, listen)
