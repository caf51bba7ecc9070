"""What belongs to an environment and is no part of it has a scope beside it."""

from portinfra.model.address import Scope

RECOVERY = Scope("payments", "recovery")


def test_no_environment_can_have_such_a_name():
    assert str(RECOVERY.beside("points")) == "payments/recovery+points"


def test_its_names_are_labels_and_tell_it_from_the_environment_that_is_called_like_them():
    beside, like_it = RECOVERY.beside("points"), Scope("payments", "recovery-points")
    name = beside.native_name("db1-data")
    assert name.startswith("payments-recovery-points-db1-data-")
    assert beside.resource_name(name) == "db1-data"
    assert like_it.resource_name(name) is None
