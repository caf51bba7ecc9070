"""Parts of a recovery plan, as findings name them."""

from collections.abc import Collection, Iterable

from attrs import evolve

from portinfra.model.environment import Environment
from portinfra.model.finding import Finding, Severity
from portinfra.model.location import Location
from portinfra.model.recovery import DataPolicy, Engine, RecoveryPlan, usual_engine
from portinfra.value import frozen


@frozen
class Part:
    """A recovery plan or a block of it, as the subject of findings."""

    subject: str
    location: Location

    def wrong(
        self, rule: str, attribute: str, message: str, fix: str, severity: Severity = Severity.ERROR
    ) -> Finding:
        """Return a finding about an attribute. Empty: about the whole part."""
        subject = f"{self.subject}.{attribute}" if attribute else self.subject
        return Finding(f"recovery/{rule}", message, fix, severity, subject=subject, location=self.location)


def usual_between(recovery: RecoveryPlan, environments: Iterable[Environment]) -> Engine:
    """Return how data travels where no policy sets an engine.

    It is `native` where no end is known, as that has a finding of its own.
    """
    places = {environment.name: environment.provider for environment in environments}
    ends = [places[name] for name in (recovery.source, recovery.target) if name in places]
    return usual_engine(ends[0], ends[-1]) if ends else "native"


def ends_of_known_providers(
    recovery: RecoveryPlan, environments: Iterable[Environment], unknown: Collection[str]
) -> list[Environment]:
    """Return the environments. An end of an unknown provider gets the provider of the other end.

    So a misspelled name has no further findings.
    """
    ends = {each.name: each for each in environments if each.name in (recovery.source, recovery.target)}
    known = [each.provider for each in ends.values() if each.provider not in unknown]
    return [
        evolve(each, on=f"{known[0]}:{each.region}")
        if known and each.name in ends and each.provider in unknown
        else each
        for each in environments
    ]


def whole(recovery: RecoveryPlan) -> Part:
    """Return the plan itself."""
    return Part(f"recovery.{recovery.name}", recovery.location)


def wave_parts(recovery: RecoveryPlan) -> list[Part]:
    """Return its waves, which are named by their numbers."""
    return [
        Part(f"recovery.{recovery.name}.wave {number}", wave.location)
        for number, wave in enumerate(recovery.waves, 1)
    ]


def policy_part(recovery: RecoveryPlan, policy: DataPolicy) -> Part:
    """Return one of its policies."""
    return Part(f"recovery.{recovery.name}.data.{policy.of}", policy.location)


def drill_part(recovery: RecoveryPlan, attribute: str) -> tuple[Part, str, str]:
    """Return where a setting of a drill is declared, under which name, and its value."""
    given = recovery.drill
    if given is not None and getattr(given, attribute):
        part = Part(f"recovery.{recovery.name}.drill", given.location)
        return part, attribute, getattr(given, attribute)
    former = attribute if attribute == "accept" else f"drill_{attribute}"
    return whole(recovery), former, getattr(recovery, former)
