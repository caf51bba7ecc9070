"""What tests stand on: the built-in cloud, faults, strategies, fixtures, and the suite for providers."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from portinfra.model.evidence import Evidence
    from portinfra.recovery.recovery import Recovery


def drill(recovery: "Recovery", *, seed: int | None = None) -> "Evidence":
    """Drill a recovery as a test: its evidence where it passed, or looked at what the plan accepts;
    AssertionError with every reason where not.

    `portinfra.dr.recovery(topology, plan, environments)` makes what it takes.
    """
    from portinfra import dr  # not before it is asked for: the built-in cloud lies in this package, too

    evidence = dr.drill(recovery, run_options=dr.RunOptions(seed=seed))
    if not evidence.is_accepted:
        gates = [check for wave in evidence.waves for check in wave.checks]
        checks = [each for each in (*gates, *evidence.actions, *evidence.probes) if not each.passed]
        said = [f"{each.name} said: {each.told}" for each in checks if each.told]
        raise AssertionError("\n".join([f"drill {evidence.id} {evidence.result}:", *evidence.reasons, *said]))
    return evidence
