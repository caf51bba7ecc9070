"""The Python verbs validate a recovery as the command line does: one that breaks a rule is refused before a
call to any environment, also where a program made it without `dr.recovery`.
"""

import pytest
from attrs import evolve
from worlds import PRODUCTION, RECOVERY, recovery

from portinfra import dr
from portinfra.errors import ValidationError
from portinfra.testing.call_wrapper import wrap_calls
from portinfra.testing.simulation import simulate

VERBS = {
    "failover": dr.failover,
    "failback": dr.failback,
    "takeover": lambda about: dr.takeover(about, "target"),
    "drill": dr.drill,
    "refresh": dr.refresh,
    "replicate": dr.replicate,
    "the way back": lambda about: dr.replicate(about.reversed),
}


def makes_no_call(provider, call):
    raise AssertionError(f"{call.action} before the refusal")


@pytest.mark.parametrize("verb", VERBS)
def test_unequal_counts_refuse_each_verb_that_moves_data(verb):
    unequal = recovery(source=evolve(PRODUCTION, roles={"db": {"count": 3}}))
    with simulate(), wrap_calls("fake", makes_no_call):
        with pytest.raises(ValidationError) as by_verb:
            VERBS[verb](unequal)
        with pytest.raises(ValidationError) as by_command_line:
            dr.recovery(unequal.topology, unequal.plan, [unequal.source, RECOVERY])
    assert by_verb.value.findings == by_command_line.value.findings
    assert "recovery/unequal-counts" in [each.rule for each in by_verb.value.findings]
