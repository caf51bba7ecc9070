import pytest

from portinfra import errors
from portinfra.execution.reaction import Reaction, reaction
from portinfra.execution.retry import ATTEMPTS_MAX
from portinfra.model.address import Address
from portinfra.model.observed import Observed
from portinfra.model.resources import Network
from portinfra.provider.interface import Call

NETWORK = Network("main", "10.0.0.0/16")
ONCE = Call("CreateNetwork", address=NETWORK.address, after=Observed(NETWORK.address, NETWORK))
WITH_TOKEN = Call("CreateVolume", address=Address("volume.db1-data"), safe=True)
READ = Call("ListVolumes")


@pytest.mark.parametrize(
    ("error", "call", "expected"),
    [
        (errors.RateLimited, ONCE, Reaction.REPEAT),
        (errors.Unavailable, ONCE, Reaction.REPEAT),
        (errors.OutcomeUnknown, WITH_TOKEN, Reaction.REPEAT),
        (errors.OutcomeUnknown, READ, Reaction.REPEAT),
        (errors.OutcomeUnknown, ONCE, Reaction.LOOK),
        (errors.AlreadyExists, ONCE, Reaction.LOOK),
        (errors.NotFound, ONCE, Reaction.LOOK),
        (errors.Conflict, ONCE, Reaction.LOOK),
        (errors.PermissionDenied, ONCE, Reaction.GIVE_UP),
        (errors.InvalidRequest, ONCE, Reaction.GIVE_UP),
        (errors.QuotaExceeded, ONCE, Reaction.GIVE_UP),
        (errors.NoCapacity, ONCE, Reaction.GIVE_UP),
        (KeyError, ONCE, Reaction.GIVE_UP),
    ],
)
def test_each_kind_of_error_has_one_reaction(error, call, expected):
    assert reaction(error("it went wrong"), call, tries=1) is expected


def test_what_may_not_be_deleted_may_be_gone_already():
    delete = Call("DeleteNetwork", address=NETWORK.address, safe=True)
    denied = errors.PermissionDenied("no")
    assert [reaction(denied, delete, tries) for tries in (1, 2, 3)] == [
        Reaction.LOOK,
        Reaction.LOOK,
        Reaction.GIVE_UP,
    ]


def test_nothing_is_tried_for_ever():
    assert reaction(errors.RateLimited("slow down"), ONCE, tries=ATTEMPTS_MAX) is Reaction.GIVE_UP


def test_a_name_that_stays_taken_is_somebody_elses():
    assert reaction(errors.AlreadyExists("taken"), ONCE, tries=3, taken=3) is Reaction.LOOK
    assert reaction(errors.AlreadyExists("taken"), ONCE, tries=4, taken=4) is Reaction.GIVE_UP


def test_a_name_that_was_taken_only_after_other_failures_is_looked_for():
    assert reaction(errors.AlreadyExists("taken"), ONCE, tries=9, taken=1) is Reaction.LOOK


def test_an_error_that_keeps_coming_back_is_final_where_the_provider_says_so():
    gone = errors.NotFound("no secret")
    gone.tries_max = 2
    assert reaction(gone, ONCE, tries=1, equal=1) is Reaction.LOOK
    assert reaction(gone, ONCE, tries=2, equal=2) is Reaction.GIVE_UP


def test_an_error_after_others_is_looked_into():
    gone = errors.NotFound("no secret")
    gone.tries_max = 2
    assert reaction(gone, ONCE, tries=5, equal=1) is Reaction.LOOK
