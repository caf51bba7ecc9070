"""The probers of a rollout. portinfra reads their consoles until every check has passed, or time is up."""

from collections.abc import Iterable, Mapping

from attrs import field

from portinfra.errors import PermissionDenied, ProviderError
from portinfra.model.address import Address
from portinfra.model.observed import Observed
from portinfra.model.receipts import CheckAnswer, Receipt, find_newest
from portinfra.model.resources import Instance
from portinfra.provider import registry
from portinfra.provider.abilities import ConsoleReader
from portinfra.rollout.context import RolloutContext
from portinfra.value import define

PAUSE_SECONDS = 5.0
"""The pause between two reads of a console."""


@define
class RunningProber:
    """A prober that runs, with the last receipt on its console."""

    host: Address
    word: str
    checks: int
    receipt: Receipt | None = field(init=False, default=None)
    problem: str = field(init=False, default="")
    """The reason why the last read of its console failed."""
    is_refused: bool = field(init=False, default=False)
    """Whether later reads cannot succeed."""

    @property
    def is_done(self) -> bool:
        """Whether the wait for this prober can end."""
        passed = self.receipt is not None and all(each.passed for each in self.receipt.answers)
        return passed or self.is_refused

    def answer(self, number: int) -> CheckAnswer | None:
        """Return the answer of the check with this number, from 0; None: there is no receipt."""
        return self.receipt.answers[number] if self.receipt else None


def wait_for_receipts(context: RolloutContext, probers: Iterable[RunningProber], until: float) -> None:
    """Read the consoles until each prober is done, or until a moment; at least once."""
    reader = registry.plugin_of(context.place.environment)
    assert isinstance(reader, ConsoleReader)
    hosts = context.run.reader.observe(context.placed.scope).of(Instance)
    probers = list(probers)
    while True:
        for prober in probers:
            if not prober.is_done:
                _read(context, reader, hosts, prober)
        now = context.now
        if all(prober.is_done for prober in probers) or now + PAUSE_SECONDS > until:
            return
        context.pause(PAUSE_SECONDS)


def _read(
    context: RolloutContext,
    reader: ConsoleReader,
    hosts: Mapping[Address, Observed[Instance]],
    prober: RunningProber,
) -> None:
    if prober.host not in hosts:
        prober.problem = f"{prober.host} does not exist"
        return
    try:
        with context.run.keep_lease():
            answer = context.run.reader.ask(reader.console_call(hosts[prober.host]))
    except ProviderError as error:
        prober.problem, prober.is_refused = str(error), isinstance(error, PermissionDenied)
        return
    newest = find_newest(reader.console_text(answer), prober.word, prober.checks)
    if newest is not None and (prober.receipt is None or newest.number >= prober.receipt.number):
        prober.receipt = newest
