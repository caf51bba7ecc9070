"""One cause, one message: after a refusal that every equal host would get, core makes no call for another."""

import pytest

from portinfra.errors import ApplyError, PermissionDenied, ProviderError, QuotaExceeded
from portinfra.provider.interface import Answer, Call, Provider
from portinfra.testing.conformance.stage import Stage


class Causes:
    """Failures with one cause."""

    @pytest.mark.parametrize("error", [QuotaExceeded, PermissionDenied])
    def test_a_refusal_that_no_equal_host_escapes_takes_one_call(
        self, stage: Stage, error: type[ProviderError]
    ) -> None:
        tried: list[Call] = []

        def refuse(provider: Provider, call: Call) -> Answer:
            if call.address is None or call.address.kind != "instance":
                return provider.perform(call)
            tried.append(call)
            raise error("the account may not have it", provider=provider.name, fix="Ask for it.")

        with pytest.raises(ApplyError) as caught:
            stage.bring(stage.bed.before, refuse)
        (cause,) = caught.value.outcome.causes
        hosts = sum(role.count for role in stage.bed.before.roles)
        # A policy may depend on tags, so core tries hosts with other tags too. A quota does not.
        tags = {frozenset(role.tags.items()) for role in stage.bed.before.roles}
        calls = len(tags) if error is PermissionDenied else 1
        assert (len(cause.steps), type(cause.error), len(tried)) == (hosts, error, calls)
        assert "the account may not have it" in str(caught.value)
        stage.bring(stage.bed.before)
        assert stage.plan(stage.bed.before).empty
