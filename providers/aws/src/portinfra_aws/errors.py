"""EC2's errors: one native class, and the meaning of each code for the caller.

https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html
"""

import re
from collections.abc import Mapping

from attrs import frozen

from portinfra import errors
from portinfra.command_text import command
from portinfra.errors import ProviderError
from portinfra.model.observed import Fault

NAME = "aws"

Kind = type[ProviderError]

AGAIN = errors.AGAIN
_WAIT = "Wait until the resource is ready, then run the same command again."
_IN_USE = "Remove the resource that uses it."
_GONE = "Plan again: another person or program may have changed or deleted the resource."
_QUOTA = "Request a higher quota (Service Quotas in the console), or lower a count."
_CREDENTIALS = (
    "Log in again, set AWS_PROFILE, or name a profile in the environment's credentials. "
    "A region that is not enabled for the account and a wrong clock also cause this error."
)


_KEY_FIX = "Enable the key, and allow these credentials to use it (kms:CreateGrant)."
_TROUBLE = (
    "EC2 had an internal error. Run the same command again. If it fails again, check the resource in the "
    "console."
)
_ANOTHER_TOKEN = (
    "The client token of this call is used up. Run the same command again: a new run uses another token."
)
_FOREIGN = (
    "The credentials are valid. This image or resource belongs to another account: use one that this "
    "account may use, or ask its owner to share it."
)


class EC2Error(Exception):
    """The error that EC2 or STS returned, with the first line of its message.

    The further lines of a refused signature quote the request, and with it the token of a session.
    """

    def __init__(self, code: str, message: str, status: int = 400, action: str = "") -> None:
        message = message.partition("\n")[0]
        super().__init__(f"{message} ({code})" if message else code)
        self.code = code
        self.message = message
        self.status = status
        self.action = action


class NotSent(Exception):
    """A request that was never sent: no name, no route, or no connection."""

    def __init__(self, message: str, endpoint: str) -> None:
        super().__init__(message)
        self.endpoint = endpoint


CODES: Mapping[str, tuple[Kind, str]] = {
    # too fast: EC2 did nothing
    **dict.fromkeys(
        (
            "RequestLimitExceeded",
            "Throttling",
            "ThrottlingException",
            "RequestThrottled",
            "RequestThrottledException",
            "TooManyRequestsException",
            "EC2ThrottledException",
            "BandwidthLimitExceeded",
            "ConcurrentSnapshotLimitExceeded",
            "SnapshotCreationPerVolumeRateExceeded",
            "ConcurrentMutationLimitExceeded",
        ),
        (errors.RateLimited, AGAIN),
    ),
    # credentials and permissions
    **dict.fromkeys(
        (
            "AuthFailure",
            "ExpiredToken",
            "ExpiredTokenException",
            "IncompleteSignature",
            "InvalidClientTokenId",
            "MissingAuthenticationToken",
            "RequestExpired",
            "SignatureDoesNotMatch",
            "UnrecognizedClientException",
        ),
        (errors.PermissionDenied, _CREDENTIALS),
    ),
    "OptInRequired": (
        errors.PermissionDenied,
        "Subscribe to the service or image in the console, then run the same command again.",
    ),
    "RegionDisabledException": (
        errors.PermissionDenied,
        "Enable STS for the region in the account settings of IAM, then run the same command again.",
    ),
    "PendingVerification": (
        errors.PermissionDenied,
        "AWS is verifying the account. Wait for its e-mail, then run the same command again.",
    ),
    "TagPolicyViolation": (
        errors.PermissionDenied,
        "The organisation's tag policy rejects this value: give the tag in the message an allowed value.",
    ),
    "Blocked": (errors.PermissionDenied, "AWS has blocked the account: contact AWS Support."),
    **dict.fromkeys(
        ("KMSKeyNotAccessibleFault", "InvalidKmsKey.InvalidState", "InvalidKMSKey.InvalidState"),
        (errors.PermissionDenied, _KEY_FIX),
    ),
    # the name or address is taken
    "InvalidGroup.Duplicate": (errors.AlreadyExists, "Remove the security group that has this name."),
    "InvalidKeyPair.Duplicate": (
        errors.AlreadyExists,
        "Another owner has this name. Remove it, or choose another name.",
    ),
    "InvalidPermission.Duplicate": (errors.AlreadyExists, _GONE),
    "InvalidSubnet.Conflict": (
        errors.AlreadyExists,
        "Choose another cidr, or remove the subnet that has this one.",
    ),
    "InvalidIPAddress.InUse": (errors.AlreadyExists, "Remove the resource that has the address."),
    "RouteAlreadyExists": (errors.AlreadyExists, _GONE),
    "Resource.AlreadyAssociated": (errors.AlreadyExists, _GONE),
    # in use, or in a state that does not allow the call
    **dict.fromkeys(
        (
            "DependencyViolation",
            "VolumeInUse",
            "InvalidSnapshot.InUse",
            "InvalidGroup.InUse",
            "Gateway.NotAttached",
        ),
        (errors.Conflict, _IN_USE),
    ),
    **dict.fromkeys(
        (
            "IncorrectState",
            "IncorrectInstanceState",
            "IncorrectModificationState",
            "InvalidInstanceID",
            "InvalidState",
            "ConcurrentTagAccess",
            "InvalidVpcState",
        ),
        (errors.Conflict, _WAIT),
    ),
    **dict.fromkeys(
        ("IdempotentParameterMismatch", "IdempotentInstanceTerminated"), (errors.Conflict, _ANOTHER_TOKEN)
    ),
    "InvalidVolume.ZoneMismatch": (
        errors.Conflict,
        "A volume attaches only to hosts of its own zone. Plan again, or move one of them in the console.",
    ),
    "OperationNotPermitted": (
        errors.Conflict,
        "EC2 does not allow this for the resource. Change it in the console, then run the same command "
        "again.",
    ),
    "CannotDelete": (
        errors.Conflict,
        "EC2 never deletes this resource. Check it in the console: another resource may have the expected "
        "name.",
    ),
    # quotas and capacity
    "VolumeModificationRateExceeded": (
        errors.QuotaExceeded,
        "A volume can change four times a day at most: wait, then run the same command again.",
    ),
    "InsufficientFreeAddressesInSubnet": (
        errors.QuotaExceeded,
        "Choose a shorter subnet_prefix: larger subnets have more addresses.",
    ),
    "MaxIOPSLimitExceeded": (errors.QuotaExceeded, _QUOTA),
    "TagLimitExceeded": (errors.InvalidRequest, "Give the resource fewer tags: EC2 keeps at most 50."),
    "AttachmentLimitExceeded": (errors.QuotaExceeded, "Choose another size, or give the host fewer volumes."),
    **dict.fromkeys(
        (
            "InsufficientInstanceCapacity",
            "InsufficientHostCapacity",
            "InsufficientCapacity",
            "InsufficientAddressCapacity",
            "InsufficientVolumeCapacity",
            "InsufficientReservedInstanceCapacity",
        ),
        (errors.NoCapacity, "Choose another size or zone, or run the same command later."),
    ),
    # not found
    "NotFoundException": (errors.NotFound, "Create the key, or correct its name."),
    "InvalidPermission.NotFound": (errors.NotFound, _GONE),
    "InvalidAttachment.NotFound": (errors.NotFound, _GONE),
    # invalid values
    "Unsupported": (errors.InvalidRequest, "Choose a size that the zone offers."),
    "DryRunOperation": (errors.InvalidRequest, ""),
}

FINAL = frozenset(
    {
        "IdempotentParameterMismatch",
        "IdempotentInstanceTerminated",
        "InvalidVolume.ZoneMismatch",
        "OperationNotPermitted",
        "CannotDelete",
        "InvalidAMIID.NotFound",
        "InvalidAMIID.Unavailable",
    }
)
"""Codes that waiting does not resolve.

A used token, the zone of a volume and a missing image stay as they are.
"""

FINAL_TRIES = 3
"""Tries in a row after which such a code ends a step. A stale list may explain the first ones."""

_KEY = re.compile(r"\bkeys?\b|\bKMS\b", re.IGNORECASE)
_PROFILE = (
    "Create the instance profile with one role in it: aws iam create-instance-profile, then "
    "aws iam add-role-to-instance-profile. Or correct its name. EC2 finds a new profile only after a while."
)


@frozen
class Meaning:
    """The meaning of a code whose message says more than the code does."""

    code: str
    text: str
    """A regular expression that matches a part of the message."""
    kind: Kind
    fix: str


MEANINGS = (
    Meaning(
        "InvalidParameterCombination",
        r"(?i)\bfree tier\b",
        errors.QuotaExceeded,
        "The account has the Free plan. Upgrade the plan, or choose t3.small or a type of the families "
        "c7i-flex or m7i-flex.",
    ),
    Meaning(
        "AuthFailure",
        r"Not authorized for images|permission to access the specified resource",
        errors.PermissionDenied,
        _FOREIGN,
    ),
    Meaning(
        "OperationNotPermitted",
        r"disableApiTermination",
        errors.PermissionDenied,
        "Switch termination protection off in the console, then run the same command again.",
    ),
    Meaning(
        "OperationNotPermitted",
        r"disableApiStop",
        errors.PermissionDenied,
        "Switch stop protection off in the console, then run the same command again.",
    ),
    Meaning("ResourceLimitExceeded", r"in progress", errors.RateLimited, AGAIN),
    Meaning("InvalidParameterValue", r"[Aa]ttachment point .* is already in use", errors.Conflict, AGAIN),
    Meaning(
        "InvalidParameterValue",
        r"Invalid IAM Instance Profile|has no associated IAM Roles",
        errors.NotFound,
        _PROFILE,
    ),
)
"""Meanings that `to_provider_error` tries before `CODES`."""

_SERVICES = {"AssumeRole": "sts", "GetCallerIdentity": "sts", "DescribeKey": "kms"}
_IAM_ACTION = re.compile(r"not authorized to perform: ([a-z0-9-]+:[A-Za-z]+)")
_ORGANISATION = re.compile(r"(service|resource) control policy")
_DENIAL = re.compile(r"explicit deny")
_ENCODED = re.compile(r"\s*Encoded authorization failure message:.*", re.DOTALL)


def unreachable(message: str, endpoint: str) -> errors.Unavailable:
    """Return the error of a request that never reached its service. The error names the address."""
    service = re.search(r"//(sts|ec2|kms)\b", endpoint)
    named = f"AWS_ENDPOINT_URL_{service[1].upper()}" if service else "AWS_ENDPOINT_URL"
    fix = (
        f"Check the network and the region's name. Check that this machine reaches {endpoint}, or set "
        f"{named}."
    )
    return errors.Unavailable(message, provider=NAME, fix=fix)


def untrusted_server(message: str) -> errors.PermissionDenied:
    """Return the error of a server whose certificate this machine does not trust."""
    fix = "If a proxy decrypts the traffic, set AWS_CA_BUNDLE to the file of its certificates."
    return errors.PermissionDenied(
        f"the server's certificate is not trusted: {message}", provider=NAME, fix=fix
    )


def to_provider_error(error: EC2Error) -> ProviderError:
    """Return the error as one of ours, by what to do about it.

    After an unknown 5xx the outcome is unknown.
    """
    message = _ENCODED.sub("", str(error))
    if error.code in ("UnauthorizedOperation", "AccessDenied", "AccessDeniedException"):
        return errors.PermissionDenied(message, provider=NAME, fix=_permission(error))
    kind, fix = _kind(error)
    found = kind(message, provider=NAME, fix=fix)
    if error.code in FINAL:
        found.tries_max = FINAL_TRIES
    return found


def denied_action(error: EC2Error) -> str:
    """Return the action that EC2 denied, as a policy names it: `ec2:RunInstances`."""
    named = _IAM_ACTION.search(error.message)
    return named[1] if named else f"{_SERVICES.get(error.action, 'ec2')}:{error.action}"


def _permission(error: EC2Error) -> str:
    action = denied_action(error)
    if _ORGANISATION.search(error.message):
        return (
            f"A policy of the organisation denies {action}. Contact its administrators: an IAM permission "
            "of this account does not help."
        )
    if _DENIAL.search(error.message):
        return (
            f"A policy denies {action} explicitly. Remove the denial: an allow in another policy does not "
            "help."
        )
    if action == "iam:PassRole":
        return (
            "Allow iam:PassRole to ec2.amazonaws.com for the role in the instance profile, and for no other "
            "role."
        )
    return f"Allow {action}. To print the whole policy: {command('providers', 'aws', '--iam-policy')}."


def _matches(meaning: Meaning, error: EC2Error) -> bool:
    return meaning.code == error.code and re.search(meaning.text, error.message) is not None


def _kind(error: EC2Error) -> tuple[Kind, str]:
    code = error.code
    for meaning in MEANINGS:
        if _matches(meaning, error):
            return meaning.kind, meaning.fix
    if code in CODES:
        return CODES[code]
    if code.endswith((".NotFound", "NotFound")):
        return errors.NotFound, _GONE
    if code.endswith(("LimitExceeded", "QuotaExceeded")):
        return errors.QuotaExceeded, _QUOTA
    if code.endswith(".Malformed") or error.status < 500:
        return errors.InvalidRequest, "Correct the value that the message names."
    return errors.OutcomeUnknown, AGAIN


def fault(code: str, message: str) -> Fault:
    """Return the fault of an instance that EC2 stopped or terminated, by its `stateReason`.

    "Client.InternalError: Client error on launch" means a root disk whose key these credentials may not use:
    https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/troubleshooting-launch.html.
    """
    blamed, _, bare = code.partition(".")
    if code == "Client.InternalError" or "kms" in bare.lower():
        return Fault(errors.PermissionDenied, message or code, code, _KEY_FIX)
    if bare in CODES or blamed == "Client":
        kind, fix = _kind(EC2Error(bare, message))
        return Fault(kind, message or code, code, fix)
    return Fault(errors.Unavailable, message or code, code, _TROUBLE)


def storage_fault(message: str, otherwise: str) -> Fault:
    """Return the fault of a volume or snapshot in the status `error`, for which EC2 returns no code.

    Without a message from EC2 the fault has the text `otherwise`.
    """
    text = message or otherwise
    if _KEY.search(text):
        return Fault(errors.PermissionDenied, text, fix=_KEY_FIX)
    return Fault(errors.Unavailable, text, fix=_TROUBLE)
