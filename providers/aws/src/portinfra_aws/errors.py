"""EC2's errors: one native class, and what each code means for whoever made the call.

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
_WAIT = "Wait until it is ready, and run it again."
_IN_USE = "Remove what uses it."
_GONE = "Plan again: another person or program may have deleted it."
_QUOTA = "Ask for a higher quota (Service Quotas in the console), or lower a count."
_CREDENTIALS = (
    "Log in again, or name other credentials: AWS_PROFILE, or credentials={'profile': …}. "
    "Also a region that is not switched on for the account answers so, and a clock that is wrong."
)


_KEY_FIX = "Enable the key, and let these credentials use it (kms:CreateGrant)."
_TROUBLE = "Run it again. If it fails again, look at it in the console: EC2 had trouble of its own."
_ANOTHER_TOKEN = "The client token of this call is spent. Run it again: a new run uses another token."
_FOREIGN = (
    "The credentials are valid. This image or resource belongs to another account: name one that this "
    "account may use, or let its owner share it."
)


class EC2Error(Exception):
    """What EC2 or STS answered instead of a result; of its message the first line.

    A refused signature quotes the request in further ones, and with it the token of a session.
    """

    def __init__(self, code: str, message: str, status: int = 400, action: str = "") -> None:
        message = message.partition("\n")[0]
        super().__init__(f"{message} ({code})" if message else code)
        self.code = code
        self.message = message
        self.status = status
        self.action = action


class NotSent(Exception):
    """The request never left: no name, no route, no connection."""

    def __init__(self, message: str, endpoint: str) -> None:
        super().__init__(message)
        self.endpoint = endpoint


CODES: Mapping[str, tuple[Kind, str]] = {
    # too fast: nothing was done
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
    "OptInRequired": (errors.PermissionDenied, "Subscribe to the service or image in the console first."),
    "RegionDisabledException": (
        errors.PermissionDenied,
        "Switch STS on for the region, in the account settings of IAM.",
    ),
    "PendingVerification": (errors.PermissionDenied, "AWS is verifying the account: wait for its e-mail."),
    "TagPolicyViolation": (
        errors.PermissionDenied,
        "The organisation's tag policy refuses this value: give the tag that it names an allowed value.",
    ),
    "Blocked": (errors.PermissionDenied, "AWS has blocked the account: ask its support."),
    **dict.fromkeys(
        ("KMSKeyNotAccessibleFault", "InvalidKmsKey.InvalidState", "InvalidKMSKey.InvalidState"),
        (errors.PermissionDenied, _KEY_FIX),
    ),
    # the name or address is taken
    "InvalidGroup.Duplicate": (errors.AlreadyExists, "Remove the security group of that name."),
    "InvalidKeyPair.Duplicate": (
        errors.AlreadyExists,
        "Another owner has this name. Remove it, or choose another name.",
    ),
    "InvalidPermission.Duplicate": (errors.AlreadyExists, _GONE),
    "InvalidSubnet.Conflict": (
        errors.AlreadyExists,
        "Choose another cidr, or remove the subnet that has it.",
    ),
    "InvalidIPAddress.InUse": (errors.AlreadyExists, "Remove what has the address."),
    "RouteAlreadyExists": (errors.AlreadyExists, _GONE),
    "Resource.AlreadyAssociated": (errors.AlreadyExists, _GONE),
    # in use, or in another state than the call needs
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
        "A disk attaches to hosts of its own zone only: plan again, or move one of them in the console.",
    ),
    "OperationNotPermitted": (
        errors.Conflict,
        "EC2 does not do this with the resource: look at it in the console, change it, then run it again.",
    ),
    "CannotDelete": (
        errors.Conflict,
        "EC2 never deletes this one. Look at it in the console: another resource may bear its name.",
    ),
    # no more of it
    "VolumeModificationRateExceeded": (
        errors.QuotaExceeded,
        "A volume changes four times in a day at most: wait.",
    ),
    "InsufficientFreeAddressesInSubnet": (errors.QuotaExceeded, "Choose a shorter subnet_prefix."),
    "MaxIOPSLimitExceeded": (errors.QuotaExceeded, _QUOTA),
    "TagLimitExceeded": (errors.InvalidRequest, "Give it fewer tags: EC2 keeps 50 of a resource."),
    "AttachmentLimitExceeded": (errors.QuotaExceeded, "Choose another size, or fewer volumes a host."),
    **dict.fromkeys(
        (
            "InsufficientInstanceCapacity",
            "InsufficientHostCapacity",
            "InsufficientCapacity",
            "InsufficientAddressCapacity",
            "InsufficientVolumeCapacity",
            "InsufficientReservedInstanceCapacity",
        ),
        (errors.NoCapacity, "Choose another size or zone, or try later."),
    ),
    # not there
    "NotFoundException": (errors.NotFound, "Create the key, or correct its name."),
    "InvalidPermission.NotFound": (errors.NotFound, _GONE),
    "InvalidAttachment.NotFound": (errors.NotFound, _GONE),
    # a value that it cannot take
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
"""Codes that no waiting mends: a token stays spent, a volume stays in its zone, an image stays away."""

FINAL_TRIES = 3
"""So often in a row such a code ends a step: what a list does not show yet may explain the first ones."""

_KEY = re.compile(r"\bkeys?\b|\bKMS\b", re.IGNORECASE)
_PROFILE = (
    "Make the instance profile, with one role in it: aws iam create-instance-profile, then "
    "aws iam add-role-to-instance-profile. Or correct its name. One just made is known to EC2 after a while."
)


@frozen
class Saying:
    """What a code means whose message says more than the code does."""

    code: str
    text: str
    """A regular expression that is found in the message."""
    kind: Kind
    fix: str


SAYINGS = (
    Saying(
        "InvalidParameterCombination",
        r"(?i)\bfree tier\b",
        errors.QuotaExceeded,
        "The account is on the Free plan: upgrade its plan, or choose t3.small or a type of the families "
        "c7i-flex or m7i-flex.",
    ),
    Saying(
        "AuthFailure",
        r"Not authorized for images|permission to access the specified resource",
        errors.PermissionDenied,
        _FOREIGN,
    ),
    Saying(
        "OperationNotPermitted",
        r"disableApiTermination",
        errors.PermissionDenied,
        "Switch termination protection off in the console, then run the same command.",
    ),
    Saying(
        "OperationNotPermitted",
        r"disableApiStop",
        errors.PermissionDenied,
        "Switch stop protection off in the console, then run the same command.",
    ),
    Saying("ResourceLimitExceeded", r"in progress", errors.RateLimited, AGAIN),
    Saying("InvalidParameterValue", r"[Aa]ttachment point .* is already in use", errors.Conflict, AGAIN),
    Saying(
        "InvalidParameterValue",
        r"Invalid IAM Instance Profile|has no associated IAM Roles",
        errors.NotFound,
        _PROFILE,
    ),
)
"""Looked through before `CODES`."""

_SERVICES = {"AssumeRole": "sts", "GetCallerIdentity": "sts", "DescribeKey": "kms"}
_IAM_ACTION = re.compile(r"not authorized to perform: ([a-z0-9-]+:[A-Za-z]+)")
_ORGANISATION = re.compile(r"(service|resource) control policy")
_DENIAL = re.compile(r"explicit deny")
_ENCODED = re.compile(r"\s*Encoded authorization failure message:.*", re.DOTALL)


def unreachable(message: str, endpoint: str) -> errors.Unavailable:
    """Nobody was asked: the service is not reached at its address, which the error names."""
    service = re.search(r"//(sts|ec2|kms)\b", endpoint)
    named = f"AWS_ENDPOINT_URL_{service[1].upper()}" if service else "AWS_ENDPOINT_URL"
    fix = (
        f"Check the network, the region's name, and that {endpoint} is reached from here (else set {named})."
    )
    return errors.Unavailable(message, provider=NAME, fix=fix)


def untrusted_server(message: str) -> errors.PermissionDenied:
    """Whoever answered has no certificate that is trusted here."""
    fix = "Behind a proxy that decrypts, name its certificates: AWS_CA_BUNDLE."
    return errors.PermissionDenied(f"no trusted connection: {message}", provider=NAME, fix=fix)


def to_provider_error(error: EC2Error) -> ProviderError:
    """One of ours, by what to do about it. Of an unknown 5xx nobody knows what it left behind."""
    message = _ENCODED.sub("", str(error))
    if error.code in ("UnauthorizedOperation", "AccessDenied", "AccessDeniedException"):
        return errors.PermissionDenied(message, provider=NAME, fix=_permission(error))
    kind, fix = _kind(error)
    found = kind(message, provider=NAME, fix=fix)
    if error.code in FINAL:
        found.tries_max = FINAL_TRIES
    return found


def denied_action(error: EC2Error) -> str:
    """Return the action that a refusal is about, as a policy names it: `ec2:RunInstances`."""
    named = _IAM_ACTION.search(error.message)
    return named[1] if named else f"{_SERVICES.get(error.action, 'ec2')}:{error.action}"


def _permission(error: EC2Error) -> str:
    action = denied_action(error)
    if _ORGANISATION.search(error.message):
        return (
            f"A policy of the organisation denies {action}. Ask its administrators: an IAM permission "
            "of this account does not help."
        )
    if _DENIAL.search(error.message):
        return f"A policy denies {action} explicitly: remove the denial. To allow it elsewhere does not help."
    if action == "iam:PassRole":
        return "Allow iam:PassRole of the role in the instance profile to ec2.amazonaws.com, and of no other."
    return f"Allow {action}. All that is needed: {command('providers', 'aws', '--iam-policy')}."


def _says(saying: Saying, error: EC2Error) -> bool:
    return saying.code == error.code and re.search(saying.text, error.message) is not None


def _kind(error: EC2Error) -> tuple[Kind, str]:
    code = error.code
    for saying in SAYINGS:
        if _says(saying, error):
            return saying.kind, saying.fix
    if code in CODES:
        return CODES[code]
    if code.endswith((".NotFound", "NotFound")):
        return errors.NotFound, _GONE
    if code.endswith(("LimitExceeded", "QuotaExceeded")):
        return errors.QuotaExceeded, _QUOTA
    if code.endswith(".Malformed") or error.status < 500:
        return errors.InvalidRequest, "Correct the value that it names."
    return errors.OutcomeUnknown, AGAIN


def fault(code: str, message: str) -> Fault:
    """Return the fault of an instance that EC2 has ended, by its `stateReason`.

    "Client.InternalError: Client error on launch" is of a root disk whose key these credentials may not use:
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
    """Return the fault of a volume or snapshot in the status `error`, of which EC2 tells no code.

    Without a message it says `otherwise`.
    """
    text = message or otherwise
    if _KEY.search(text):
        return Fault(errors.PermissionDenied, text, fix=_KEY_FIX)
    return Fault(errors.Unavailable, text, fix=_TROUBLE)
