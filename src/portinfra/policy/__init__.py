"""The rules of `check`: built-in ones, and those of a user. Pure.

Each rule is a generator over a `PolicyContext`. A role may waive a rule with a reason. Waived findings are
listed, too.
"""

from collections.abc import Iterable

from attrs import evolve

from portinfra.model.finding import Finding, Severity
from portinfra.model.observed import Observation
from portinfra.model.placed import Placed
from portinfra.model.recovery import RecoveryPlan
from portinfra.policy.context import PolicyContext
from portinfra.policy.enrolment import ENROLMENT
from portinfra.policy.exposure import EXPOSURE
from portinfra.policy.foreign import FOREIGN
from portinfra.policy.not_observable import NOT_OBSERVABLE
from portinfra.policy.reasons import REASONS
from portinfra.policy.report import Report
from portinfra.policy.rules import About, Breach, Found, PolicyRule, all_rules, rule
from portinfra.policy.services import SERVICES
from portinfra.policy.spread import SPREAD
from portinfra.policy.undeclared_traffic import UNDECLARED
from portinfra.policy.waivers import ABOUT_WAIVERS, UNKNOWN, UNUSED, Waived, sort_out_waivers, waiver_findings
from portinfra.reach import observed_reach, of

__all__ = [
    "ABOUT_WAIVERS",
    "BUILT_IN",
    "UNKNOWN",
    "UNUSED",
    "About",
    "Found",
    "PolicyContext",
    "PolicyRule",
    "Report",
    "Waived",
    "check",
    "rule",
]

BUILT_IN: tuple[PolicyRule, ...] = (
    *REASONS,
    *EXPOSURE,
    *UNDECLARED,
    *FOREIGN,
    *SPREAD,
    *NOT_OBSERVABLE,
    *SERVICES,
    *ENROLMENT,
)
"""The built-in rules, which always apply."""

_ORDER = (Severity.ERROR, Severity.WARNING, Severity.NOTE)


def check(
    placed: Placed,
    rules: Iterable[PolicyRule] = (),
    observation: Observation | None = None,
    recoveries: Iterable[RecoveryPlan] = (),
) -> Report:
    """Return every finding about a placed topology. With an observation, include findings about existing
    resources.

    `rules` are checked in addition to the built-in ones. Of `recoveries`, only the recovery plans that
    include the environment count. Raise DeclarationError where two rules have one id, or a rule itself fails.
    """
    held = tuple(all_rules(BUILT_IN, rules))
    environment = placed.environment.name
    plans = tuple(plan for plan in recoveries if environment in (plan.source, plan.target))
    intent = PolicyContext(placed, of(placed), placed.resources, None, plans)
    contexts = [intent]
    if observation is not None:
        contexts.append(_there(placed, observation, plans))
    breaches: dict[tuple[str, str, str], Breach] = {}
    for context in contexts:
        for one in held:
            for breach in one.breaches(context):
                finding = breach.finding
                seen = evolve(breach, finding=evolve(finding, observed=context.observation is not None))
                breaches.setdefault((finding.rule, finding.subject, finding.message), seen)
    findings, waived = sort_out_waivers(intent, breaches.values())
    findings += waiver_findings(intent, waived, held, is_observed=observation is not None)
    return Report(
        placed,
        intent.reach,
        tuple(sorted(findings, key=_rank)),
        tuple(waived),
        observation,
        contexts[-1].reach if observation is not None else None,
    )


def _there(placed: Placed, observation: Observation, recoveries: tuple[RecoveryPlan, ...]) -> PolicyContext:
    resources = {address: seen.spec for address, seen in observation.resources.items()}
    return PolicyContext(
        placed, observed_reach(observation, placed.topology), resources, observation, recoveries
    )


def _rank(finding: Finding) -> int:
    return _ORDER.index(finding.severity)
