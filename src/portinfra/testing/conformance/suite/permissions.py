"""The permissions of credentials, where the plugin inherits `PermissionChecks`."""

import pytest

from portinfra.execution.caller import Caller
from portinfra.observation import Reader
from portinfra.placement import place
from portinfra.provider import registry
from portinfra.provider.abilities import PermissionChecks
from portinfra.testing.conformance.stage import Stage

CALLS_MAX = 20


class Permissions:
    """Each denied action is found without a change, and no other action is."""

    @pytest.mark.parametrize("exists", [False, True], ids=["nothing exists", "resources exist"])
    def test_one_denied_action_is_found_and_nothing_is_changed(self, stage: Stage, exists: bool) -> None:
        checks = registry.plugin(stage.environment.provider)
        if not isinstance(checks, PermissionChecks):
            pytest.skip("this provider does not report the permissions of credentials")
        if exists:
            stage.bring(stage.bed.before)
        before = stage.bed.ground_truth()
        assert _list_denied(stage, checks) == []
        action = stage.bed.deny_action()
        assert _list_denied(stage, checks) == [action]
        assert stage.bed.ground_truth() == before


def _list_denied(stage: Stage, checks: PermissionChecks) -> list[str]:
    placed = place(stage.bed.before, stage.environment)
    with stage.provider() as provider:
        reader = Reader(provider, Caller(provider).with_retries)
        seen, catalogue = reader.observe(placed.scope).resources, reader.catalogue()
        calls = checks.permission_calls(placed, catalogue, seen)
        assert calls == checks.permission_calls(placed, catalogue, seen), "same calls"
        assert 0 < len(calls) <= CALLS_MAX
        assert all(call.reads for call in calls)
        found = [action for call in calls for action in checks.denied_actions(call, reader.ask(call))]
    return list(dict.fromkeys(found))
