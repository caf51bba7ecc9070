"""Where in a recovery plan something is wrong."""

from collections.abc import Collection, Iterable

from attrs import evolve, frozen

from portinfra.model.environment import Environment
from portinfra.model.finding import Finding, Severity
from portinfra.model.location import Location
from portinfra.model.recovery import DataPolicy, Engine, RecoveryPlan, usual_engine


@frozen
class Part:
    """A recovery plan or a block of it, which findings are about."""

    subject: str
    location: Location

    def wrong(
        self, rule: str, attribute: str, message: str, fix: str, severity: Severity = Severity.ERROR
    ) -> Finding:
        """A finding about an attribute; about the whole of it where that is empty."""
        subject = f"{self.subject}.{attribute}" if attribute else self.subject
        return Finding(f"recovery/{rule}", message, fix, severity, subject=subject, location=self.location)


def usual_between(recovery: RecoveryPlan, environments: Iterable[Environment]) -> Engine:
    """How data travels where no policy says how; `native` where no end is known: that is found elsewhere."""
    places = {environment.name: environment.provider for environment in environments}
    ends = [places[name] for name in (recovery.source, recovery.target) if name in places]
    return usual_engine(ends[0], ends[-1]) if ends else "native"


def ends_of_known_providers(
    recovery: RecoveryPlan, environments: Iterable[Environment], unknown: Collection[str]
) -> list[Environment]:
    """Return the environments, an end of an unknown provider as if it were with the provider of the other
    end: what would follow from a misspelt name is no finding.
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
    """The plan itself."""
    return Part(f"recovery.{recovery.name}", recovery.location)


def wave_parts(recovery: RecoveryPlan) -> list[Part]:
    """Its waves, which are known by their numbers."""
    return [
        Part(f"recovery.{recovery.name}.wave {number}", wave.location)
        for number, wave in enumerate(recovery.waves, 1)
    ]


def policy_part(recovery: RecoveryPlan, policy: DataPolicy) -> Part:
    """One of its policies."""
    return Part(f"recovery.{recovery.name}.data.{policy.of}", policy.location)


def drill_part(recovery: RecoveryPlan, attribute: str) -> tuple[Part, str, str]:
    """Return where a setting of a drill is declared, under which name, and its value."""
    given = recovery.drill
    if given is not None and getattr(given, attribute):
        part = Part(f"recovery.{recovery.name}.drill", given.location)
        return part, attribute, getattr(given, attribute)
    former = attribute if attribute == "accept" else f"drill_{attribute}"
    return whole(recovery), former, getattr(recovery, former)
