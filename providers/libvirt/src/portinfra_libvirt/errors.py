"""libvirt's errors as ours, by what the caller should do. Every code of libvirt has a class.

An error that waiting cannot resolve is final at once. If a resource is missing or exists already, core reads
the hypervisor again and tries once more: libvirt's lists are never stale. Other errors may pass.
"""

import re
from collections.abc import Iterable, Mapping

import libvirt

from portinfra import errors
from portinfra.command_text import complete_commands
from portinfra.errors import ProviderError

NAME = "libvirt"

AGAIN = "Run the same command again: it first reads the current state, and continues from there."

TRIES: Mapping[type[ProviderError], int] = {errors.NotFound: 2, errors.AlreadyExists: 2}
"""After this many equal failures in a row, an error of the class is final. Core reads between them."""
STATE_TRIES = 4
"""The same for a request that does not fit the state of a resource. The state may be about to change."""
UNEXPLAINED_TRIES = 3
"""The same for an error that names no known cause."""

_CODES: Mapping[type[ProviderError], tuple[str, ...]] = {
    errors.NotFound: (
        *("NO_DOMAIN", "NO_NETWORK", "NO_NWFILTER", "NO_STORAGE_POOL", "NO_STORAGE_VOL", "NO_SECRET"),
        *("NO_DOMAIN_METADATA", "DEVICE_MISSING", "NO_INTERFACE", "NO_NODE_DEVICE", "NO_DOMAIN_SNAPSHOT"),
        *("NO_NWFILTER_BINDING", "NO_DOMAIN_CHECKPOINT", "NO_DOMAIN_BACKUP", "NO_NETWORK_PORT"),
        *("NO_HOSTNAME", "NO_DEVICE"),
    ),
    errors.AlreadyExists: (
        *("DOM_EXIST", "NETWORK_EXIST", "STORAGE_VOL_EXIST", "STORAGE_POOL_BUILT", "NETWORK_PORT_EXIST"),
    ),
    errors.Conflict: (
        *("OPERATION_INVALID", "RESOURCE_BUSY", "BLOCK_COPY_ACTIVE", "MULTIPLE_INTERFACES"),
        *("MULTIPLE_DOMAINS", "SNAPSHOT_REVERT_RISKY", "CHECKPOINT_INCONSISTENT"),
    ),
    errors.Unavailable: (
        *("OPERATION_TIMEOUT", "NO_CONNECT", "UNKNOWN_HOST", "INVALID_CONN", "AGENT_UNRESPONSIVE"),
        *("AGENT_UNSYNCED", "NO_SERVER", "NO_CLIENT", "SSH", "LIBSSH", "GNUTLS_ERROR", "DBUS_SERVICE"),
    ),
    errors.OutcomeUnknown: ("OPERATION_ABORTED",),
    errors.PermissionDenied: (
        *("ACCESS_DENIED", "OPERATION_DENIED", "AUTH_FAILED", "AUTH_CANCELLED", "AUTH_UNAVAILABLE"),
        "NO_ROOT",
    ),
    errors.NoCapacity: ("NO_MEMORY", "DRIVER_FULL"),
    errors.InvalidRequest: (
        *("XML_ERROR", "XML_DETAIL", "XML_INVALID_SCHEMA", "INVALID_ARG", "INVALID_MAC", "OVERFLOW"),
        *("INVALID_DOMAIN", "INVALID_NETWORK", "INVALID_STORAGE_POOL", "INVALID_STORAGE_VOL"),
        *("INVALID_NODE_DEVICE", "INVALID_INTERFACE", "INVALID_NWFILTER", "INVALID_SECRET"),
        *("INVALID_DOMAIN_SNAPSHOT", "INVALID_STREAM", "INVALID_NWFILTER_BINDING", "NO_NAME", "NO_OS"),
        *("INVALID_DOMAIN_CHECKPOINT", "INVALID_NETWORK_PORT", "NO_KERNEL", "NO_SOURCE", "NO_TARGET"),
        *("CONF_SYNTAX", "PARSE_FAILED", "SEXPR_SERIAL", "STORAGE_PROBE_FAILED"),
    ),
    errors.Unsupported: (
        *("CONFIG_UNSUPPORTED", "NO_SUPPORT", "OPERATION_UNSUPPORTED", "ARGUMENT_UNSUPPORTED", "OS_TYPE"),
        *("CPU_INCOMPATIBLE", "NO_SECURITY_MODEL", "MIGRATE_UNSAFE", "MIGRATE_PERSIST_FAILED"),
        *("MIGRATE_FINISH_OK", "NO_XEN", "XEN_CALL", "NO_XENSTORE"),
    ),
}
"""Class → the codes of libvirt that mean it, without `VIR_ERR_`."""

BY_MESSAGE = (
    *("INTERNAL_ERROR", "OPERATION_FAILED", "SYSTEM_ERROR", "RPC", "CALL_FAILED"),
    *("OPEN_FAILED", "READ_FAILED", "WRITE_FAILED", "GET_FAILED", "POST_FAILED"),
    *("HTTP_ERROR", "BUILD_FIREWALL", "HOOK_SCRIPT_FAILED"),
)
"""Codes that libvirt uses for many causes. The message of the error names the cause."""

KINDS: Mapping[int, type[ProviderError]] = {
    getattr(libvirt, f"VIR_ERR_{code}"): kind for kind, codes in _CODES.items() for code in codes
}

_UNREACHABLE = r"failed to connect|connection refused|no route to host|network is unreachable|name or service"


def _patterns(
    pairs: Iterable[tuple[str, type[ProviderError]]],
) -> tuple[tuple[re.Pattern[str], type[ProviderError]], ...]:
    return tuple((re.compile(pattern, re.IGNORECASE), kind) for pattern, kind in pairs)


_MESSAGES = _patterns(
    (
        (r"accurate CPU usage", errors.Unavailable),  # qemu-img's key derivation on a busy machine
        (r"already in use by interface|network interface with .* already exists", errors.InvalidRequest),
        (r"controller .* for group|unable to find any emulator|kvm is not available", errors.Unsupported),
        (r"unsupported configuration|is not supported|not supported by this QEMU", errors.Unsupported),
        (r"already exists|already in use by domain|already defined", errors.AlreadyExists),
        (r"secret not found|no secret with matching", errors.NotFound),
        (r"has asynchronous jobs running", errors.Unavailable),  # a pool while libvirt creates a disk in it
        (r"xtables lock|state change lock", errors.Unavailable),
        (r"in use|is busy|being allocated|is active|get .?(write|shared).? lock", errors.Conflict),
        (r"no space left|cannot allocate memory|Cannot set up guest memory", errors.NoCapacity),
        (r"permission denied", errors.PermissionDenied),
        (
            rf"{_UNREACHABLE}|timed out|end of file|keepalive timeout|broken pipe|connection reset|"
            "client socket is closed",
            errors.Unavailable,
        ),
        (r"process exited while connecting to monitor|unable to execute QEMU command", errors.InvalidRequest),
    )
)
"""Causes that only the message of an error names."""

_UNREACHABLE_WORDS = re.compile(_UNREACHABLE, re.IGNORECASE)

_FIXES: Mapping[type[ProviderError], str] = {
    errors.PermissionDenied: "Use a user of group libvirt, or name it in the URI: "
    "qemu+ssh://USER@HOST/system.",
    errors.Unavailable: "Check that libvirtd runs there: `portinfra providers libvirt --doctor`.",
    errors.NoCapacity: "Free memory or disk space on that hypervisor, or choose another zone.",
    errors.OutcomeUnknown: AGAIN,
    errors.Conflict: AGAIN,
    errors.Unsupported: "The hypervisor does not support this: change what its message names.",
    errors.InvalidRequest: "Correct what the message names, then run the same command again.",
}

_ADVICE: Mapping[str, str] = {
    "has asynchronous jobs running": "libvirt is creating a disk in the pool. portinfra tries it again.",
    "already in use by interface": "Another network there uses these addresses: choose another cidr.",
    "for group": "The hypervisor cannot use its cgroups: see its log, and `portinfra providers libvirt "
    "--doctor`.",
    "no secret with matching": "Define the secret again with the passphrase of its key (virsh secret-define, "
    "virsh secret-set-value), then run the same command again.",
    "already defined for use": "Another secret is defined for this disk. Find it with virsh secret-list.",
}
"""Part of libvirt's message → what to do."""


def to_provider_error(error: libvirt.libvirtError) -> ProviderError:
    """Return libvirt's error as one of ours, by its code; if the code names no cause, by its message."""
    code, message = error.get_error_code(), str(error.get_error_message() or error)
    kind = KINDS.get(code) or next((each for pattern, each in _MESSAGES if pattern.search(message)), None)
    advice = next((fix for words, fix in _ADVICE.items() if words in message), "")
    if kind is None:
        found: ProviderError = errors.OutcomeUnknown(message, provider=NAME, fix=advice or AGAIN)
        found.tries_max = UNEXPLAINED_TRIES
        return found
    found = kind(message, provider=NAME, fix=complete_commands(advice or _FIXES.get(kind, "")))
    found.unreachable = kind is errors.Unavailable and _is_unreachable(code, message)
    if code == libvirt.VIR_ERR_OPERATION_INVALID:
        found.tries_max = STATE_TRIES
    return limit_tries(found)


def limit_tries(error: ProviderError) -> ProviderError:
    """Return an error with the number of tries of its class."""
    if error.tries_max is None:
        error.tries_max = TRIES.get(type(error))
    return error


def _is_unreachable(code: int, message: str) -> bool:
    return code in (libvirt.VIR_ERR_NO_CONNECT, libvirt.VIR_ERR_UNKNOWN_HOST) or bool(
        _UNREACHABLE_WORDS.search(message)
    )
