"""What libvirt tells in words alone is told from what may pass by itself."""

import libvirt
import pytest

from portinfra import errors
from portinfra_libvirt.errors import classified


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
            "is tried again",
        ),
        ("the MAC address is already in use by domain x", errors.AlreadyExists, ""),
        ("internal error: something nobody has seen", errors.OutcomeUnknown, "again"),
    ],
)
def test_words_decide_where_the_code_does_not(words, kind, advice):
    found = classified(said(words))
    assert type(found) is kind
    assert advice in found.fix
