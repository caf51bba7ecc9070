"""Waves of a rollout: roles come up and pass their gates before the next wave begins."""

from collections.abc import Callable, Sequence

from attrs import asdict, field

from portinfra.execution.questions import ask
from portinfra.format import duration, iso
from portinfra.hooks import calls
from portinfra.hooks.identity import HookIdentity, identify
from portinfra.model.evidence import Checked, WaveRun
from portinfra.model.hook import Hook
from portinfra.rollout.context import RolloutContext
from portinfra.value import define, frozen

PAUSE_SECONDS = 5.0
"""The pause between two tries of a gate."""

CALL_SECONDS = 300.0
"""The longest time of a command that is called once."""

Say = Callable[[str], None]


@frozen
class Wave:
    """Roles that come up together. The next wave waits until every gate of this one has passed."""

    names: tuple[str, ...]
    gates: tuple[Hook, ...]
    limit: str
    """The longest time of its hosts and gates, as declared: `30m`."""
    limit_seconds: int


@define
class Rollout:
    """The waves of a run, one after another, with their results."""

    context: RolloutContext
    occasion: str
    """The reason for the rollout, which hooks read as `occasion`."""
    say: Say = lambda line: None
    waves: list[WaveRun] = field(init=False, factory=list)
    reasons: list[str] = field(init=False, factory=list)
    """The reasons why the rollout did not pass."""

    def run(self, waves: Sequence[Wave], apply: Callable[[int], str], after: Callable[[Wave], bool]) -> bool:
        """Bring up every wave. Return whether the last one came up.

        `apply` brings up the roles of the first n waves, and returns why it could not, or an empty text.
        `after` is called when a wave has passed, and returns whether the next may begin. A gate that does not
        pass ends the rollout. A wave that passes late is added to `reasons`, and the rollout continues.
        """
        for number, wave in enumerate(waves, 1):
            ran = self._bring(number, wave, apply)
            self.waves.append(ran)
            if ran.problem:
                self.reasons.append(f"wave {number}: {ran.problem}")
            if ran.problem and not ran.passed:
                return False
            if not after(wave):
                return False
        return True

    def call(self, name: str, hook: Hook) -> Checked:
        """Call a hook once. Return its result under this name."""
        called = identify(hook)
        answer = self._hook(hook, CALL_SECONDS, calls.call)
        self.say(f"{name}: {'passed' if answer.passed else 'failed'}")
        return self._to_checked(name, called, answer, 1)

    def _bring(self, number: int, wave: Wave, apply: Callable[[int], str]) -> WaveRun:
        began, limit = self.context.now, wave.limit_seconds
        self.say(f"wave {number}: {', '.join(wave.names)}")
        checks: list[Checked] = []
        problem = apply(number)
        if not problem:
            for gate in wave.gates:
                checked = self._ask(gate, began + limit)
                checks.append(checked)
                if not checked.passed:
                    problem = f"gate {checked.name!r} was not passed within {wave.limit}"
                    break
        passed, ended = not problem, self.context.now
        if passed and ended - began > limit:
            problem = f"it took {duration(ended - began)} of {wave.limit}"
        return WaveRun(
            wave.names,
            iso(began),
            iso(ended),
            round(ended - began, 3),
            limit,
            len(self.context.hosts(wave.names)),
            tuple(checks),
            passed,
            problem,
        )

    def _ask(self, gate: Hook, until: float) -> Checked:
        """Call a gate until it passes, or time is up."""
        tries = 0
        while True:
            tries += 1
            called = identify(gate)
            answer = self._hook(gate, until - self.context.now, ask)
            now = self.context.now
            if answer.passed or answer.hangs or now + PAUSE_SECONDS > until:
                return self._to_checked(calls.name_of(gate), called, answer, tries)
            if tries == 1:
                left = f"waiting for {duration(until - now)} at most"
                self.say(f"gate {calls.name_of(gate)!r}: not passed yet, {left}")
            self.context.pause(PAUSE_SECONDS)

    def _hook(self, hook: Hook, seconds: float, call: Callable[..., calls.Answer]) -> calls.Answer:
        given = self.context.inventory(occasion=self.occasion)
        with self.context.run.keep_lease():
            return call(hook, given, seconds=seconds)

    def _to_checked(self, name: str, called: HookIdentity, answer: calls.Answer, tries: int) -> Checked:
        at, output = iso(self.context.now), self._answer_text(answer)
        return Checked(name, answer.passed, at, tries, output, **asdict(called))

    def _answer_text(self, answer: calls.Answer) -> str:
        return "" if self.context.quiet else answer.told
