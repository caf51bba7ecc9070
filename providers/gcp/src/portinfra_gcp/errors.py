"""Compute Engine's errors: one native class, and the meaning of each reason for the caller.

A refused request has a reason (`quotaExceeded`). An accepted operation may fail later, with a code
(`QUOTA_EXCEEDED`). portinfra treats both alike.
https://cloud.google.com/compute/docs/api/how-tos/api-requests-responses ("Handling API responses"),
https://cloud.google.com/compute/docs/troubleshooting/troubleshooting-vm-creation.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from attrs import frozen

from portinfra import errors
from portinfra.command_text import command, complete_commands
from portinfra.errors import ProviderError
from portinfra_gcp.methods import service_of

NAME = "gcp"

Kind = type[ProviderError]

AGAIN = errors.AGAIN
_WAIT = "Wait until the resource is ready, then run the same command again."
_IN_USE = "Remove the resource that uses it."
_MEANWHILE = "Another person or program has just changed the resource. portinfra reads it again."
_TOO_OFTEN = "Compute Engine takes one snapshot of a disk in ten minutes. Run the same command again later."
_POLICY = (
    "Contact the administrator of the organisation's policies for an exception, or change the declaration."
)
_GONE = "Plan again: another person or program may have changed or deleted the resource."
_QUOTA = "Request a higher quota (IAM & Admin, Quotas in the console), or lower a count."
_CREDENTIALS = "Log in again (gcloud auth application-default login), or use other credentials."
_CAPACITY = "Choose another size or zone, or run the same command later."
_FORBIDDEN = (
    "Give these credentials the permission. To print the whole role: `portinfra providers gcp --iam-policy`."
)
_BILLING = "Link the project to a billing account."
_SCOPE = "Log in with the scope cloud-platform: gcloud auth application-default login"
_NO_PROJECT = (
    "No project has this name, or these credentials may not see it. Correct account= of the environment, or "
    "use other credentials."
)
_ADDRESS = "Remove the resource that has the address."
KEY = (
    "Allow the project's Compute Engine service agent to use the key "
    "(roles/cloudkms.cryptoKeyEncrypterDecrypter), and enable the key."
)
TROUBLE = (
    "Compute Engine had an internal error. Run the same command again. If it fails again, check the "
    "resource in the console."
)


DETAILS = ("servicedisabled", "billingdisabled", "accesstokenscopeinsufficient")
"""Reasons in an error's details that say more than its own reason, which is `forbidden`."""


class GceError(Exception):
    """The error that Compute Engine returned, or the failure of an operation."""

    def __init__(self, reason: str, message: str, status: int = 400, action: str = "") -> None:
        super().__init__(f"{message} ({reason})" if message else reason)
        self.reason = reason
        self.message = message
        self.status = status
        self.action = action


class NotSent(Exception):
    """A request that was never sent: no name, no route, or no connection."""


def _all(names: Iterable[str], kind: Kind, fix: str) -> dict[str, tuple[Kind, str]]:
    return dict.fromkeys(names, (kind, fix))


REASONS: Mapping[str, tuple[Kind, str]] = {
    **_all(
        ("ratelimitexceeded", "userratelimitexceeded", "concurrentlimitexceeded", "operationratelimit"),
        errors.RateLimited,
        AGAIN,
    ),
    **_all(("quotaexceeded", "limitexceeded", "resourceusageexceeded"), errors.QuotaExceeded, _QUOTA),
    **_all(
        (
            "zoneresourcepoolexhausted",
            "zoneresourcepoolexhaustedwithdetails",
            "resourcepoolexhausted",
            "resourcesexhausted",
            "stockout",
        ),
        errors.NoCapacity,
        _CAPACITY,
    ),
    **_all(("autherror", "required_login"), errors.PermissionDenied, _CREDENTIALS),
    "accessnotconfigured": (
        errors.PermissionDenied,
        "Enable the API: gcloud services enable compute.googleapis.com",
    ),
    "servicedisabled": (
        errors.PermissionDenied,
        "Enable the API: gcloud services enable compute.googleapis.com",
    ),
    **_all(("billingnotenabled", "billingdisabled"), errors.PermissionDenied, _BILLING),
    "accesstokenscopeinsufficient": (errors.PermissionDenied, _SCOPE),
    "kmspermissiondenied": (errors.PermissionDenied, KEY),
    "alreadyexists": (errors.AlreadyExists, "Remove the resource that has this name."),
    "resourcealreadyexists": (errors.AlreadyExists, "Remove the resource that has this name."),
    "notfound": (errors.NotFound, _GONE),
    "resourcenotfound": (errors.NotFound, _GONE),
    "resourcenotready": (errors.Unavailable, AGAIN),
    "ipinusebyanotherresource": (errors.InvalidRequest, _ADDRESS),
    **_all(
        (
            "resourceinusebyanotherresource",
            "resourceinuse",
            "externalipinuse",
            "invalidresourceusage",
        ),
        errors.Conflict,
        _IN_USE,
    ),
    **_all(("conditionnotmet", "invalidfingerprint", "fingerprintmismatch"), errors.Conflict, _MEANWHILE),
    "resourceoperationrateexceeded": (errors.RateLimited, _TOO_OFTEN),
    **_all(("internalerror", "serviceunavailable", "timeout"), errors.OutcomeUnknown, AGAIN),
}
"""Reasons and codes in lower case without underscores → their meaning."""


@frozen
class Meaning:
    """The meaning of a reason whose message says more than the reason does."""

    reason: str
    """A key in the form of `REASONS`; empty for any reason."""
    text: str
    """A regular expression that matches a part of the message."""
    kind: Kind
    fix: str


MEANINGS = (
    Meaning("", r"Constraint '?constraints/|(?i:violates? constraint)", errors.PermissionDenied, _POLICY),
    Meaning("notfound", r"The resource 'projects/[^/']+' was not found", errors.NotFound, _NO_PROJECT),
    Meaning(
        "conditionnotmet", r"because it's being used by|is already being used by", errors.Conflict, _IN_USE
    ),
    Meaning(
        "invalid",
        r"IP address is already in use|IP '[^']+' is already being used",
        errors.AlreadyExists,
        _ADDRESS,
    ),
)
"""Meanings that `to_provider_error` tries before `REASONS`."""

_CANCELED = re.compile(r"cancell?ed")
_ATTACHED_ALREADY = re.compile(r"device name is in use|At most one access config|No attached disk found")
_PERMISSION = re.compile(r"Required '([a-z]+\.[A-Za-z.]+)' permission")
_UNUSABLE_KEY = re.compile(r"Cloud ?KMS|kmsKeyName", re.IGNORECASE)


def of_answer(status: int, body: Any, action: str) -> GceError:
    """Return the error in a body: `{"error": {"errors": [{"reason": …}], "message": …}}`, or one without
    JSON.
    """
    error = body.get("error") if isinstance(body, Mapping) else None
    if not isinstance(error, Mapping):
        return GceError(
            f"HTTP{status}", f"{action}: the service returned the status {status}", status, action
        )
    entries = error.get("errors") or [{}]
    reason = str(entries[0].get("reason") or error.get("status") or f"HTTP{status}")
    for detail in error.get("details") or ():
        if _plain(str(detail.get("reason", ""))) in DETAILS:
            reason = str(detail["reason"])
    return GceError(reason, str(error.get("message") or ""), status, action)


def of_operation(operation: Mapping[str, Any], action: str) -> GceError | None:
    """Return the failure of an operation; None if it has not failed."""
    entries = (operation.get("error") or {}).get("errors") or ()
    if not entries:
        return None
    status = int(operation.get("httpErrorStatusCode") or 400)
    message = str(entries[0].get("message", ""))
    if zones := _zones_with_capacity(entries[0]):
        message = f"{message} Zones with capacity: {zones}."
    return GceError(str(entries[0].get("code", "UNKNOWN")), message, status, action)


def _zones_with_capacity(entry: Mapping[str, Any]) -> str:
    """Return the zones that a stock-out names: `errorDetails[].errorInfo.metadatas.zonesAvailable`."""
    infos = (detail.get("errorInfo") or {} for detail in entry.get("errorDetails") or ())
    named = ((info.get("metadatas") or {}).get("zonesAvailable", "") for info in infos)
    return next(filter(None, named), "")


def to_provider_error(error: GceError) -> ProviderError:
    """Return the error as one of ours, by what to do about it.

    After an unknown 5xx the outcome is unknown.
    """
    if named := _PERMISSION.search(error.message):
        fix = f"Allow {named[1]}. To print the whole role: {command('providers', 'gcp', '--iam-policy')}."
        return errors.PermissionDenied(str(error), provider=NAME, fix=fix)
    kind, fix = _kind(error)
    fix = fix.replace("compute.googleapis.com", f"{service_of(error.action)}.googleapis.com")
    return kind(str(error), provider=NAME, fix=complete_commands(fix))


def _plain(reason: str) -> str:
    return reason.replace("_", "").lower()


def _kind(error: GceError) -> tuple[Kind, str]:
    reason = _plain(error.reason)
    for meaning in MEANINGS:
        if meaning.reason in ("", reason) and re.search(meaning.text, error.message):
            return meaning.kind, meaning.fix
    if reason in REASONS:
        return REASONS[reason]
    if _CANCELED.search(reason):
        return errors.OutcomeUnknown, AGAIN
    if error.status == 429:
        return errors.RateLimited, AGAIN
    if error.status >= 500:
        return errors.OutcomeUnknown, AGAIN
    if error.status == 404:
        return errors.NotFound, _GONE
    if error.status == 401:
        return errors.PermissionDenied, _CREDENTIALS
    if error.status == 403:
        return errors.PermissionDenied, _FORBIDDEN
    if error.status in (409, 412) or _ATTACHED_ALREADY.search(error.message):
        return errors.Conflict, _WAIT
    if _UNUSABLE_KEY.search(error.message):
        return errors.InvalidRequest, "Use a key of this region, as RING/KEY or by its full name."
    return errors.InvalidRequest, "Correct the value that the message names."
