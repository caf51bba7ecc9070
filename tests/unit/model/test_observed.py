"""What is seen of a resource: its fault is a value, which says the reaction and not only a text."""

import pytest

from portinfra.errors import PermissionDenied
from portinfra.model.address import Address
from portinfra.model.observed import Fault, Observed
from portinfra.model.resources import Volume

VOLUME = Volume("log", 1)


@pytest.mark.parametrize(
    ("text", "code", "printed"),
    [
        ("the key is disabled", "KeyDisabled", "the key is disabled (KeyDisabled)"),
        ("KeyDisabled: the key is disabled", "KeyDisabled", "KeyDisabled: the key is disabled"),
        ("the key is disabled", "", "the key is disabled"),
    ],
)
def test_a_fault_prints_its_text_and_the_providers_code_once(text, code, printed):
    assert str(Fault(PermissionDenied, text, code)) == printed


def test_a_text_is_no_fault():
    with pytest.raises(TypeError, match="fault"):
        Observed(Address("volume.log"), VOLUME, fault="the key is disabled")
