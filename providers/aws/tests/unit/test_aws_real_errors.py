"""Answers that real accounts were seen to give: each has the class and the advice of its own cause."""

import pytest

from portinfra import errors
from portinfra_aws import xml
from portinfra_aws.errors import FINAL, FINAL_TRIES, EC2Error, fault, to_provider_error

LOG_IN = "Log in again"
QUOTA = "Request a higher quota"
KEY = "Enable the key, and allow these credentials to use it (kms:CreateGrant)."
DENIED = "User: arn:aws:sts::1:assumed-role/r/s is not authorized to perform: ec2:RunInstances on resource: *"

REAL = [
    # status, code, message, action, class, what the advice says
    (400, "InvalidParameterCombination", "The specified instance type is not eligible for Free Tier.",
     "RunInstances", errors.QuotaExceeded, "Upgrade the plan, or choose t3.small"),
    (400, "VcpuLimitExceeded", "You have requested more vCPU capacity than your current limit of 32 allows",
     "RunInstances", errors.QuotaExceeded, QUOTA),
    (400, "AddressLimitExceeded", "The maximum number of addresses has been reached.",
     "AllocateAddress", errors.QuotaExceeded, QUOTA),
    (400, "VolumeLimitExceeded", "You have exceeded your maximum gp3 storage limit of 50 TiB in this region.",
     "CreateVolume", errors.QuotaExceeded, QUOTA),
    (400, "ResourceLimitExceeded",
     "Too many snapshot copies in progress. The limit is 5 for this destination region.",
     "CopySnapshot", errors.RateLimited, "tried it again"),
    (400, "ConcurrentMutationLimitExceeded", "Cannot initiate another change for this resource",
     "AssociateRouteTable", errors.RateLimited, "tried it again"),
    (503, "RequestLimitExceeded", "Request limit exceeded.",
     "RunInstances", errors.RateLimited, "tried it again"),
    (400, "SnapshotCreationPerVolumeRateExceeded", "The maximum per volume CreateSnapshot request rate",
     "CreateSnapshot", errors.RateLimited, "tried it again"),
    (500, "InsufficientInstanceCapacity", "We currently do not have sufficient t3.small capacity",
     "RunInstances", errors.NoCapacity, "another size or zone"),
    (403, "UnauthorizedOperation", "You are not authorized to perform this operation.",
     "RunInstances", errors.PermissionDenied, "Allow ec2:RunInstances."),
    (403, "UnauthorizedOperation", f"{DENIED} with an explicit deny in a service control policy. Encoded: g4",
     "RunInstances", errors.PermissionDenied, "organisation denies ec2:RunInstances. Contact its admin"),
    (403, "UnauthorizedOperation", f"{DENIED} because no service control policy allows the action",
     "RunInstances", errors.PermissionDenied, "organisation denies ec2:RunInstances. Contact its admin"),
    (403, "UnauthorizedOperation", f"{DENIED} with an explicit deny in an identity-based policy",
     "RunInstances", errors.PermissionDenied, "Remove the denial"),
    (401, "AuthFailure", "AWS was not able to validate the provided access credentials",
     "DescribeVpcs", errors.PermissionDenied, LOG_IN),
    (400, "AuthFailure", "Not authorized for images: [ami-0abc]",
     "RunInstances", errors.PermissionDenied, "belongs to another account"),
    (400, "AuthFailure", "You do not have permission to access the specified resource.",
     "AssociateAddress", errors.PermissionDenied, "belongs to another account"),
    (400, "OperationNotPermitted",
     "The instance 'i-0' may not be terminated. Modify its 'disableApiTermination' instance attribute",
     "TerminateInstances", errors.PermissionDenied, "Switch termination protection off in the console"),
    (400, "OperationNotPermitted",
     "The instance 'i-0' may not be stopped. Modify its 'disableApiStop' instance attribute and try again.",
     "StopInstances", errors.PermissionDenied, "Switch stop protection off in the console"),
    (400, "IdempotentParameterMismatch", "Arguments on this idempotent request are inconsistent",
     "RunInstances", errors.Conflict, "a new run uses another token"),
    (400, "KMSKeyNotAccessibleFault", "x", "CreateVolume", errors.PermissionDenied, KEY),
    (400, "InvalidKmsKey.InvalidState", "x", "CopySnapshot", errors.PermissionDenied, KEY),
    (400, "TagPolicyViolation",
     "The tag policy does not allow the specified value for the following tag key: 'Environment'.",
     "CreateVpc", errors.PermissionDenied, "organisation's tag policy"),
    (400, "PendingVerification", "Your request for accessing resources in this region is being validated",
     "RunInstances", errors.PermissionDenied, "verifying the account"),
    (400, "Blocked", "This account is currently blocked", "RunInstances", errors.PermissionDenied, "Support"),
    (400, "OptInRequired", "You are not subscribed to this service.",
     "DescribeVpcs", errors.PermissionDenied, "Subscribe"),
    (400, "DependencyViolation", "Network vpc-0 has some mapped public address(es).",
     "DetachInternetGateway", errors.Conflict, "Remove the resource that uses it."),
    (500, "InternalError", "An internal error has occurred", "CreateVolume", errors.OutcomeUnknown, "tried"),
]  # fmt: skip


@pytest.mark.parametrize(("status", "code", "message", "action", "kind", "advice"), REAL)
def test_a_real_refusal_has_the_class_and_the_advice_of_its_cause(
    status, code, message, action, kind, advice
):
    error = f"<Error><Code>{code}</Code><Message>{message}</Message></Error>"
    body = f"<Response><Errors>{error}</Errors></Response>"
    told = to_provider_error(EC2Error(*xml.fault(body.encode()), status, action))
    assert type(told) is kind
    assert advice in told.fix
    assert (LOG_IN in told.fix) is (advice == LOG_IN)
    assert (QUOTA in told.fix) is (advice == QUOTA)


def test_what_no_waiting_mends_is_final_after_a_few_equal_answers():
    assert {code: to_provider_error(EC2Error(code, "x")).tries_max for code in FINAL} == dict.fromkeys(
        FINAL, FINAL_TRIES
    )
    for code in ("DependencyViolation", "IncorrectState", "InvalidVolume.NotFound", "RequestLimitExceeded"):
        assert to_provider_error(EC2Error(code, "x")).tries_max is None


REASONS = [
    ("Client.InternalError", "Client error on launch", errors.PermissionDenied, KEY),
    ("Client.InvalidKMSKey.InvalidState", "The KMS key is disabled", errors.PermissionDenied, KEY),
    ("Client.KMSKeyNotAccessibleFault", "x", errors.PermissionDenied, KEY),
    ("Client.VolumeLimitExceeded", "Volume limit exceeded", errors.QuotaExceeded, QUOTA),
    ("Server.InsufficientInstanceCapacity", "no capacity", errors.NoCapacity, "another size or zone"),
    ("Server.InternalError", "Server.InternalError", errors.Unavailable, "internal error"),
]


@pytest.mark.parametrize(("code", "message", "kind", "advice"), REASONS)
def test_a_real_reason_of_a_host_that_died_has_the_class_and_the_advice_of_its_cause(
    code, message, kind, advice
):
    told = fault(code, message)
    assert (told.error, told.code) == (kind, code)
    assert advice in told.fix
    assert (told.fix == KEY) is (advice == KEY)
