"""The conformance suite: tests that every provider inherits.

    class TestAcme(ProviderConformance):
        @pytest.fixture
        def bed(self):
            return AcmeBed()

See docs/testing-a-provider.md. Needs `pytest`, which only tests install.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import ClassVar

import pytest

from portinfra.testing.conformance.bed import Bed, fit_topologies
from portinfra.testing.conformance.stage import Stage
from portinfra.testing.conformance.suite.abilities import Abilities
from portinfra.testing.conformance.suite.acceptance import Acceptance
from portinfra.testing.conformance.suite.batches import Batches
from portinfra.testing.conformance.suite.captures import Captures
from portinfra.testing.conformance.suite.causes import Causes
from portinfra.testing.conformance.suite.consoles import Consoles
from portinfra.testing.conformance.suite.crashes import CrashAtEveryCall
from portinfra.testing.conformance.suite.faults import BadWeather
from portinfra.testing.conformance.suite.foreign import ForeignResources
from portinfra.testing.conformance.suite.identity import Identity
from portinfra.testing.conformance.suite.leases import Leases
from portinfra.testing.conformance.suite.limits import Limits
from portinfra.testing.conformance.suite.locks import Locks
from portinfra.testing.conformance.suite.optional_abilities import OptionalAbilities
from portinfra.testing.conformance.suite.permissions import Permissions
from portinfra.testing.conformance.suite.records import Records
from portinfra.testing.conformance.suite.repair import Repair
from portinfra.testing.conformance.suite.replacements import Replacements
from portinfra.testing.conformance.suite.same_answers import SameAnswers
from portinfra.testing.conformance.suite.simultaneous_reads import SimultaneousReads
from portinfra.testing.conformance.suite.steady_traffic import SteadyTraffic
from portinfra.testing.conformance.suite.usable_keys import UsableKeys
from portinfra.testing.conformance.suite.withdrawals import Withdrawals
from portinfra.testing.conformance.suite.worlds import Worlds
from portinfra.testing.conformance.topologies import AFTER, BEFORE

__all__ = ["AFTER", "BEFORE", "Bed", "ProviderConformance", "Stage"]


class ProviderConformance(
    CrashAtEveryCall,
    BadWeather,
    Repair,
    Acceptance,
    Batches,
    Causes,
    SteadyTraffic,
    Replacements,
    Withdrawals,
    Limits,
    Abilities,
    Captures,
    Identity,
    ForeignResources,
    Consoles,
    Locks,
    UsableKeys,
    Permissions,
    Worlds,
    Leases,
    Records,
    SimultaneousReads,
    SameAnswers,
    OptionalAbilities,
):
    """All tests of the suite. A subclass has one fixture, `bed`.

    pytest begins with the last of these classes. So the simplest tests run first, and `-x` shows the failure
    that is easiest to read.
    """

    gaps: ClassVar[Mapping[str, str]] = {}
    """Tests that this provider cannot pass, by name, each with the reason. A gap that is closed fails."""

    @pytest.fixture
    def stage(
        self, bed: Bed, request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> Iterator[Stage]:
        """Return the bed, with nothing in it."""
        monkeypatch.setenv("PORTINFRA_HOME", str(tmp_path))
        name = request.node.originalname
        if name in self.gaps:
            request.applymarker(pytest.mark.xfail(reason=self.gaps[name], strict=True))
        fit_topologies(bed)
        bed.reset()
        yield Stage(bed)
        bed.reset()
