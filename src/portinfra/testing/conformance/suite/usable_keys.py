"""The states of keys, where the plugin inherits `KeyStates`."""

import pytest

from portinfra.errors import NotFound
from portinfra.execution.caller import Caller
from portinfra.provider import registry
from portinfra.provider.abilities import KeyStates
from portinfra.testing.conformance.stage import Stage


class UsableKeys:
    """A read returns the state of a key. No encryption is needed to find out."""

    def test_a_key_that_is_disabled_has_a_problem_and_one_that_is_enabled_has_none(
        self, stage: Stage
    ) -> None:
        keys = registry.plugin(stage.environment.provider)
        if not isinstance(keys, KeyStates):
            pytest.skip("this provider reads no states of keys")
        key = stage.bed.key or pytest.skip("this bed has no `key`")
        assert _problem(stage, keys, key) == ""
        stage.bed.disable_key(key)
        assert _problem(stage, keys, key)

    def test_a_key_that_does_not_exist_is_not_found(self, stage: Stage) -> None:
        keys = registry.plugin(stage.environment.provider)
        if not isinstance(keys, KeyStates):
            pytest.skip("this provider reads no states of keys")
        key = stage.bed.key or pytest.skip("this bed has no `key`")
        stage.bed.delete_key(key)
        with pytest.raises(NotFound):
            _problem(stage, keys, key)


def _problem(stage: Stage, keys: KeyStates, key: str) -> str:
    call = keys.key_call(stage.environment, key)
    assert call == keys.key_call(stage.environment, key), "same key, same call"
    assert call is not None
    assert call.reads
    with stage.provider() as provider:
        return keys.key_problem(Caller(provider).with_retries(call))
