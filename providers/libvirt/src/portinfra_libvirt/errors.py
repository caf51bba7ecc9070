"""libvirt's errors as ours, by what the caller should do."""

import re
from collections.abc import Mapping

import libvirt

from portinfra import errors
from portinfra.errors import ProviderError

NAME = "libvirt"

AGAIN = "Run the same command again: it looks first, and goes on from what is there."

_KINDS: Mapping[int, type[ProviderError]] = {
    libvirt.VIR_ERR_NO_DOMAIN: errors.NotFound,
    libvirt.VIR_ERR_NO_NETWORK: errors.NotFound,
    libvirt.VIR_ERR_NO_NWFILTER: errors.NotFound,
    libvirt.VIR_ERR_NO_STORAGE_POOL: errors.NotFound,
    libvirt.VIR_ERR_NO_STORAGE_VOL: errors.NotFound,
    libvirt.VIR_ERR_NO_SECRET: errors.NotFound,
    libvirt.VIR_ERR_NO_DOMAIN_METADATA: errors.NotFound,
    libvirt.VIR_ERR_DEVICE_MISSING: errors.NotFound,
    libvirt.VIR_ERR_DOM_EXIST: errors.AlreadyExists,
    libvirt.VIR_ERR_NETWORK_EXIST: errors.AlreadyExists,
    libvirt.VIR_ERR_STORAGE_VOL_EXIST: errors.AlreadyExists,
    libvirt.VIR_ERR_STORAGE_POOL_BUILT: errors.AlreadyExists,
    libvirt.VIR_ERR_OPERATION_INVALID: errors.Conflict,
    libvirt.VIR_ERR_RESOURCE_BUSY: errors.Conflict,
    libvirt.VIR_ERR_BLOCK_COPY_ACTIVE: errors.Conflict,
    libvirt.VIR_ERR_OPERATION_TIMEOUT: errors.Unavailable,
    libvirt.VIR_ERR_OPERATION_ABORTED: errors.OutcomeUnknown,
    libvirt.VIR_ERR_ACCESS_DENIED: errors.PermissionDenied,
    libvirt.VIR_ERR_OPERATION_DENIED: errors.PermissionDenied,
    libvirt.VIR_ERR_AUTH_FAILED: errors.PermissionDenied,
    libvirt.VIR_ERR_AUTH_CANCELLED: errors.PermissionDenied,
    libvirt.VIR_ERR_AUTH_UNAVAILABLE: errors.PermissionDenied,
    libvirt.VIR_ERR_NO_MEMORY: errors.NoCapacity,
    libvirt.VIR_ERR_XML_ERROR: errors.InvalidRequest,
    libvirt.VIR_ERR_XML_DETAIL: errors.InvalidRequest,
    libvirt.VIR_ERR_XML_INVALID_SCHEMA: errors.InvalidRequest,
    libvirt.VIR_ERR_INVALID_ARG: errors.InvalidRequest,
    libvirt.VIR_ERR_INVALID_MAC: errors.InvalidRequest,
    libvirt.VIR_ERR_CONFIG_UNSUPPORTED: errors.Unsupported,
    libvirt.VIR_ERR_NO_SUPPORT: errors.Unsupported,
    libvirt.VIR_ERR_OPERATION_UNSUPPORTED: errors.Unsupported,
    libvirt.VIR_ERR_ARGUMENT_UNSUPPORTED: errors.Unsupported,
    libvirt.VIR_ERR_NO_CONNECT: errors.Unavailable,
    libvirt.VIR_ERR_UNKNOWN_HOST: errors.Unavailable,
}

_TOLD: tuple[tuple[re.Pattern[str], type[ProviderError]], ...] = tuple(
    (re.compile(pattern, re.IGNORECASE), kind)
    for pattern, kind in (
        (r"accurate CPU usage", errors.Unavailable),  # qemu-img's key derivation, on a machine that is busy
        (r"already in use by interface|network interface with .* already exists", errors.InvalidRequest),
        (r"controller .* for group|unable to find any emulator|kvm is not available", errors.Unsupported),
        (r"already exists|already in use by domain", errors.AlreadyExists),
        (r"has asynchronous jobs running", errors.Unavailable),  # a pool, while a disk is made in it
        (r"in use|is busy|being allocated|is active", errors.Conflict),
        (r"no space left|cannot allocate memory|Cannot set up guest memory", errors.NoCapacity),
        (r"permission denied", errors.PermissionDenied),
        (
            r"failed to connect|connection refused|no route to host|timed out|end of file|keepalive timeout",
            errors.Unavailable,
        ),
    )
)
"""What libvirt tells in words alone, under one code for all that went wrong."""

_FIXES: Mapping[type[ProviderError], str] = {
    errors.PermissionDenied: "Use a user of group libvirt, or name it in the URI: qemu+ssh://USER@HOST/system.",
    errors.Unavailable: "Is libvirtd running there? See: portinfra providers libvirt --doctor.",
    errors.NoCapacity: "Make room on that hypervisor, or name another zone.",
    errors.OutcomeUnknown: AGAIN,
    errors.Conflict: AGAIN,
}

_ADVICE: Mapping[str, str] = {
    "has asynchronous jobs running": "A disk is being made in it: it is tried again.",
    "already in use by interface": "Another network there has these addresses: choose another cidr.",
    "for group": "Its cgroups cannot be used: see its log, and portinfra providers libvirt --doctor.",
}
"""By what libvirt told."""


def classified(error: libvirt.libvirtError) -> ProviderError:
    """By its code; where that says nothing, by its words."""
    code, told = error.get_error_code(), str(error.get_error_message() or error)
    kind = _KINDS.get(code) or next((each for pattern, each in _TOLD if pattern.search(told)), None)
    if kind is None:
        kind = errors.OutcomeUnknown
    advice = next((fix for words, fix in _ADVICE.items() if words in told), _FIXES.get(kind, ""))
    return kind(told, provider=NAME, fix=advice)
