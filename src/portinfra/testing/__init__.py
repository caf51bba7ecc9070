"""The test tools: the simulator, faults, strategies, fixtures, and the conformance suite for providers."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from portinfra.model.evidence import Evidence
    from portinfra.recovery.recovery import Recovery


def drill(recovery: "Recovery", *, seed: int | None = None) -> "Evidence":
    """Drill a recovery as a test, and return its evidence.

    Raises AssertionError with every reason if the drill failed, or checked less than the plan accepts.
    `portinfra.dr.recovery(topology, plan, environments)` returns the argument.
    """
    from portinfra import dr  # imported late: `dr` imports the simulator, which lies in this package

    evidence = dr.drill(recovery, run_options=dr.RunOptions(seed=seed))
    if not evidence.is_accepted:
        gates = [check for wave in evidence.waves for check in wave.checks]
        checks = [each for each in (*gates, *evidence.actions, *evidence.probes) if not each.passed]
        outputs = [" said: ".join((each.name, each.told)) for each in checks if each.told]
        raise AssertionError(
            "\n".join([f"drill {evidence.id} {evidence.result}:", *evidence.reasons, *outputs])
        )
    return evidence
