"""Why a target cannot take over: said by whoever finds out first."""

from portinfra.errors import PolicyError
from portinfra.recovery.subject import Recovery


def cannot_take_over(recovery: Recovery, rule: str, message: str, fix: str) -> PolicyError:
    """That it cannot, by which rule, and what to do instead."""
    return recovery.refusal(f"{recovery.target_scope} cannot take over", rule, message, fix)


def being_abandoned(recovery: Recovery) -> PolicyError:
    """That the turn which had begun is on its way to be none."""
    return cannot_take_over(
        recovery,
        "being-abandoned",
        "the failover that had begun is being given up, and that is not done",
        "Finish that first: the same command with --abandon.",
    )
