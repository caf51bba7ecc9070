import pytest
from toycloud import ToyProvider

from portinfra import errors
from portinfra.execution.batched_read import BatchedRead, Interrupted
from portinfra.execution.caller import Caller
from portinfra.execution.retry import ATTEMPTS_MAX
from portinfra.provider.interface import Call

VOLUMES, SUBNETS = Call("List", {"kind": "volume"}), Call("List", {"kind": "subnet"})


@pytest.fixture
def told():
    """Every read that reaches the provider; the kinds in the second value are refused."""
    return [], set()


@pytest.fixture
def look(told):
    provider, (reads, refused) = ToyProvider(), told

    def mute(call):
        reads.append(call)
        if call in refused:
            raise errors.Unavailable("not now")

    provider.mute = mute
    return BatchedRead(Caller(provider))


def test_what_was_read_is_not_read_again(look, told):
    reads, refused = told
    refused.add(SUBNETS)
    look.ask(VOLUMES)
    for tries in (1, 2):
        with pytest.raises(Interrupted):
            look.ask(SUBNETS)
        assert look.tries == tries
    refused.clear()
    look.ask(VOLUMES)
    look.ask(SUBNETS)
    assert reads == [VOLUMES, SUBNETS, SUBNETS, SUBNETS]
    assert look.tries == 0


def test_patience_ends_once_for_a_read(look, told):
    reads, refused = told
    refused.add(SUBNETS)
    for _ in range(ATTEMPTS_MAX - 1):
        with pytest.raises(Interrupted):
            look.ask(SUBNETS)
    for _ in range(3):
        with pytest.raises(errors.Unavailable):
            look.ask(SUBNETS)
    assert len(reads) == ATTEMPTS_MAX
