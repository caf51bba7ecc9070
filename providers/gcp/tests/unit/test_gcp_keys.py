"""Keys, in the words of whoever named them."""

import pytest

from portinfra_gcp.keys import Keyring, refuse_key_name

RING = Keyring("shop", "europe-west1")
WHOLE = "projects/shop/locations/europe-west1/keyRings/payments/cryptoKeys/volumes"
ELSEWHERE = "projects/other/locations/global/keyRings/r/cryptoKeys/k"


@pytest.mark.parametrize(
    ("asked", "whole"), [("payments/volumes", WHOLE), (WHOLE, WHOLE), (ELSEWHERE, ELSEWHERE)]
)
def test_a_key_is_asked_for_by_its_whole_name_and_seen_in_the_word_it_was_asked_for(asked, whole):
    assert RING.native(asked) == {"kmsKeyName": whole}
    assert RING.to_declared_key({"kmsKeyName": f"{whole}/cryptoKeyVersions/7"}, asked) == asked


def test_another_key_than_was_asked_for_is_seen_by_its_own_name():
    assert (
        RING.to_declared_key({"kmsKeyName": f"{ELSEWHERE}/cryptoKeyVersions/1"}, "payments/volumes")
        == ELSEWHERE
    )


def test_without_a_key_it_is_googles_own():
    assert RING.native(None) is None
    assert RING.to_declared_key(None, "payments/volumes") is None


@pytest.mark.parametrize("asked", ["alias", "a/b/c"])
def test_what_can_name_no_key_is_refused(asked):
    refused = refuse_key_name(asked)
    assert refused is not None
    assert asked in refused.reason


@pytest.mark.parametrize("asked", [None, "ring/key", WHOLE])
def test_what_can_is_not(asked):
    assert refuse_key_name(asked) is None
