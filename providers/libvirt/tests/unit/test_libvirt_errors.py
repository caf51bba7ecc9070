"""Every error of libvirt has a class: final at once, worth one look, or worth waiting."""

import libvirt
import pytest

from portinfra import errors
from portinfra.execution.reaction import Reaction, reaction
from portinfra.model.observed import Observed
from portinfra.model.resources import Network
from portinfra.provider.interface import Call
from portinfra_libvirt.errors import BY_MESSAGE, KINDS, UNEXPLAINED_TRIES, to_provider_error

NETWORK = Network("main", "10.0.0.0/16")
CALL = Call("DefineNetwork", address=NETWORK.address, after=Observed(NETWORK.address, NETWORK), safe=True)
CODES = {
    value: name.removeprefix("VIR_ERR_")
    for name, value in vars(libvirt).items()
    if name.startswith("VIR_ERR_") and name not in ("VIR_ERR_OK", "VIR_ERR_NONE")
}
LEVELS = {"VIR_ERR_WARNING", "VIR_ERR_ERROR"}
"""These are levels of an error, not codes."""


def tries(error):
    """How many equal failures a step of an apply accepts before it ends."""
    found = to_provider_error(error)
    return next(n for n in range(1, 99) if reaction(found, CALL, n, 0, n) is Reaction.GIVE_UP)


def test_every_code_of_libvirt_has_one_class():
    names = {name for name in vars(libvirt) if name.startswith("VIR_ERR_")} - LEVELS - {"VIR_ERR_OK"}
    by_words = {f"VIR_ERR_{name}" for name in BY_MESSAGE}
    assert {name for name in names if getattr(libvirt, name) not in KINDS} - {"VIR_ERR_NONE"} == by_words
    assert by_words <= names


@pytest.mark.parametrize("code", sorted(KINDS), ids=lambda code: CODES[code])
def test_a_code_decides_how_often_a_step_is_tried(code):
    expected = {
        errors.NotFound: 2,
        errors.AlreadyExists: 2,
        errors.Conflict: 4 if code == libvirt.VIR_ERR_OPERATION_INVALID else 14,
        errors.Unavailable: 14,
        errors.OutcomeUnknown: 14,
    }
    assert tries(said("some words", code)) == expected.get(KINDS[code], 1)


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ("Secret not found: no secret with matching uuid 'x'", libvirt.VIR_ERR_NO_SECRET),
        ("operation failed: filter 'x' already exists with uuid y", libvirt.VIR_ERR_OPERATION_FAILED),
        ("internal error: a secret with UUID x already defined for use with y", 1),
        ("unsupported configuration: the machine has no TPM", libvirt.VIR_ERR_CONFIG_UNSUPPORTED),
        ("internal error: process exited while connecting to monitor: -device: unknown", 1),
        ("internal error: something nobody has seen", 1),
    ],
)
def test_what_waiting_cannot_mend_ends_a_step_within_two_seconds(words, code):
    assert tries(said(words, code)) <= UNEXPLAINED_TRIES


@pytest.mark.parametrize(
    ("words", "code", "unreachable"),
    [
        ("Failed to connect socket to '/run/x': Connection refused", libvirt.VIR_ERR_SYSTEM_ERROR, True),
        ("unable to connect: No route to host", libvirt.VIR_ERR_SYSTEM_ERROR, True),
        ("no connection driver available", libvirt.VIR_ERR_NO_CONNECT, True),
        ("Cannot recv data: Connection reset by peer", libvirt.VIR_ERR_SYSTEM_ERROR, False),
        (
            "Timed out during operation: cannot acquire state change lock",
            libvirt.VIR_ERR_OPERATION_TIMEOUT,
            False,
        ),
    ],
)
def test_a_hypervisor_that_takes_no_connection_is_told_from_one_that_is_busy(words, code, unreachable):
    found = to_provider_error(said(words, code))
    assert isinstance(found, errors.Unavailable)
    assert found.unreachable is unreachable


def said(words, code=libvirt.VIR_ERR_INTERNAL_ERROR):
    error = libvirt.libvirtError(words)
    error.err = (code, 0, words, 2, None, None, None, -1, -1)
    return error


@pytest.mark.parametrize(
    ("words", "kind", "advice"),
    [
        (
            "internal error: Network is already in use by interface pif4bbf778",
            errors.InvalidRequest,
            "another cidr",
        ),
        (
            "Failed to create v1 controller cpu for group: No such file or directory",
            errors.Unsupported,
            "--doctor",
        ),
        ("failed to connect to the hypervisor: connection refused", errors.Unavailable, "libvirtd"),
        (
            "internal error: pool 'portinfra-x' has asynchronous jobs running.",
            errors.Unavailable,
            "tries it again",
        ),
        ("the MAC address is already in use by domain x", errors.AlreadyExists, ""),
        ("internal error: something nobody has seen", errors.OutcomeUnknown, "again"),
    ],
)
def test_words_decide_where_the_code_does_not(words, kind, advice):
    found = to_provider_error(said(words))
    assert type(found) is kind
    assert advice in found.fix
