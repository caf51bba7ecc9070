"""Each code that EC2 may answer, by what to do about it."""

from contextlib import closing

import pytest
import requests

from portinfra import errors
from portinfra.errors import ProviderError
from portinfra_aws import errors as aws_errors
from portinfra_aws.credentials import Credentials
from portinfra_aws.errors import CODES, EC2Error, NotSent, to_provider_error
from portinfra_aws.provider import AwsProvider
from portinfra_aws.transport import Transport
from portinfra_aws.xml import fault

BY_KIND = {
    errors.RateLimited: ["RequestLimitExceeded", "Throttling", "EC2ThrottledException"],
    errors.PermissionDenied: [
        "UnauthorizedOperation",
        "AuthFailure",
        "ExpiredToken",
        "RequestExpired",
        "SignatureDoesNotMatch",
        "OptInRequired",
        "KMSKeyNotAccessibleFault",
        "InvalidKmsKey.InvalidState",
        "RegionDisabledException",
        "AccessDenied",
    ],
    errors.AlreadyExists: [
        "InvalidGroup.Duplicate",
        "InvalidKeyPair.Duplicate",
        "InvalidSubnet.Conflict",
        "InvalidIPAddress.InUse",
        "InvalidPermission.Duplicate",
        "RouteAlreadyExists",
        "Resource.AlreadyAssociated",
    ],
    errors.Conflict: [
        "DependencyViolation",
        "VolumeInUse",
        "IncorrectState",
        "IncorrectInstanceState",
        "IdempotentParameterMismatch",
        "IdempotentInstanceTerminated",
        "OperationNotPermitted",
        "InvalidSnapshot.InUse",
    ],
    errors.NotFound: [
        "InvalidVpcID.NotFound",
        "InvalidInstanceID.NotFound",
        "InvalidGroup.NotFound",
        "InvalidPermission.NotFound",
        "InvalidKeyPair.NotFound",
        "InvalidAMIID.NotFound",
        "InvalidSomethingNew.NotFound",
    ],
    errors.QuotaExceeded: [
        "VpcLimitExceeded",
        "InstanceLimitExceeded",
        "VcpuLimitExceeded",
        "AddressLimitExceeded",
        "InsufficientFreeAddressesInSubnet",
        "VolumeModificationRateExceeded",
        "SomethingNewLimitExceeded",
    ],
    errors.NoCapacity: [
        "InsufficientInstanceCapacity",
        "InsufficientAddressCapacity",
        "InsufficientVolumeCapacity",
    ],
    errors.InvalidRequest: [
        "InvalidParameterValue",
        "MissingParameter",
        "InvalidAMIID.Malformed",
        "Unsupported",
        "SomethingNew",
    ],
}

PAIRS = [(code, kind) for kind, codes in BY_KIND.items() for code in codes]


@pytest.mark.parametrize(("code", "kind"), PAIRS)
def test_a_code_means(code, kind):
    told = to_provider_error(EC2Error(code, "because", 400, "RunInstances"))
    assert type(told) is kind
    assert "because" in str(told)
    assert code in str(told)
    assert told.provider == "aws"
    assert told.fix.endswith((".", "…}.", "--iam-policy"))


@pytest.mark.parametrize("code", sorted(set(CODES) - {"DryRunOperation"}))
def test_every_code_of_the_table_says_what_to_do(code):
    assert to_provider_error(EC2Error(code, "because", 400)).fix.endswith(".")


@pytest.mark.parametrize("code", ["InternalError", "Unavailable", "ServiceUnavailable", "HTTP502"])
def test_of_a_5xx_nobody_knows_what_it_left_behind(code):
    assert type(to_provider_error(EC2Error(code, "", 503))) is errors.OutcomeUnknown


def test_ec2_answers_too_many_requests_with_a_5xx_too():
    assert type(to_provider_error(EC2Error("RequestLimitExceeded", "", 503))) is errors.RateLimited


def test_a_device_that_somebody_else_took_is_no_bad_request():
    message = "Invalid value '/dev/xvdba' for unixDevice. Attachment point /dev/xvdba is already in use"
    assert type(to_provider_error(EC2Error("InvalidParameterValue", message))) is errors.Conflict


@pytest.mark.parametrize(
    "message",
    [
        "Value (backup) for parameter iamInstanceProfile.name is invalid. Invalid IAM Instance Profile name",
        "Value (arn:x) for parameter iamInstanceProfile.arn is invalid. Invalid IAM Instance Profile ARN",
        'IAM Instance Profile "arn:x" has no associated IAM Roles',
    ],
)
def test_a_profile_that_ec2_does_not_know_yet_is_looked_for_again(message):
    """EC2 learns of a profile some seconds after IAM has made it."""
    told = to_provider_error(EC2Error("InvalidParameterValue", message, 400, "RunInstances"))
    assert type(told) is errors.NotFound
    assert "aws iam create-instance-profile" in told.fix


def test_passing_a_role_is_allowed_of_that_role_only():
    """It is no part of the policy that is printed: of every role, it would make an administrator."""
    message = "User: arn is not authorized to perform: iam:PassRole on resource: arn:aws:iam::1:role/backup"
    fix = to_provider_error(EC2Error("UnauthorizedOperation", message, 403, "RunInstances")).fix
    assert fix.startswith("Allow iam:PassRole to ec2.amazonaws.com for the role")
    assert "--iam-policy" not in fix


@pytest.mark.parametrize(
    ("message", "named"),
    [
        ("You are not authorized to perform this operation.", "ec2:RunInstances"),
        ("User: arn is not authorized to perform: ec2:CreateTags on resource: x", "ec2:CreateTags"),
        ("is not authorized to perform: kms:CreateGrant on the resource", "kms:CreateGrant"),
    ],
)
def test_a_permission_error_names_the_action(message, named):
    told = to_provider_error(EC2Error("UnauthorizedOperation", message, 403, "RunInstances"))
    assert f"Allow {named}." in told.fix
    assert "portinfra providers aws --iam-policy" in told.fix


def test_an_encoded_message_is_left_out():
    """It is long, and says nothing without a call of STS."""
    message = "You are not authorized. Encoded authorization failure message: " + "x" * 500
    assert "xxx" not in str(
        to_provider_error(EC2Error("UnauthorizedOperation", message, 403, "RunInstances"))
    )


def classify(error: Exception) -> ProviderError:
    return AwsProvider.classify(object.__new__(AwsProvider), error)


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (NotSent("no route", "https://ec2.us-east-1.amazonaws.com"), errors.Unavailable),
        (requests.ReadTimeout("60 s"), errors.OutcomeUnknown),
        (requests.ConnectionError("reset"), errors.OutcomeUnknown),
        (requests.exceptions.SSLError("self-signed"), errors.PermissionDenied),
        (RuntimeError("who knows"), errors.OutcomeUnknown),
        (errors.Conflict("ours", provider="aws"), errors.Conflict),
    ],
)
def test_what_breaks_on_the_way_is_told_apart(error, kind):
    assert type(classify(error)) is kind


@pytest.mark.parametrize("service", ["ec2", "sts"])
def test_a_service_that_is_not_reached_is_named_with_the_variable_that_moves_it(monkeypatch, service):
    monkeypatch.setenv(f"AWS_ENDPOINT_URL_{service.upper()}", f"http://{service}.localhost:9")
    transport = Transport("us-east-1", lambda: Credentials("AKIA", "secret"))
    with closing(transport), pytest.raises(NotSent) as caught:
        transport.send("GetCallerIdentity" if service == "sts" else "DescribeVpcs", {})
    told = classify(caught.value)
    assert type(told) is errors.Unavailable
    assert f"http://{service}.localhost:9" in told.fix
    assert f"AWS_ENDPOINT_URL_{service.upper()}" in told.fix


def test_an_error_document_has_a_code_and_a_page_has_none():
    document = (
        b"<Response><Errors><Error><Code>A.B</Code><Message>m</Message></Error></Errors>"
        b"<RequestID>r</RequestID></Response>"
    )
    assert fault(document) == ("A.B", "m")
    of_sts = (
        b'<ErrorResponse xmlns="https://sts"><Error><Type>Sender</Type><Code>C</Code></Error></ErrorResponse>'
    )
    assert fault(of_sts) == ("C", "")
    assert fault(b"<html><body><h1>500</h1></body></html>") is None
    assert fault(b"<html><br>not closed") is None


def test_no_request_is_quoted():
    """As AWS does in further lines where a signature is wrong: headers may hold the token of a session."""
    quoted = "The request signature does not match.\n\nThe Canonical String …\nx-amz-security-token:secret\n"
    error = to_provider_error(EC2Error("SignatureDoesNotMatch", quoted))
    assert "does not match. (SignatureDoesNotMatch)" in str(error)
    assert "secret" not in str(error)


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("Client.InternalError", errors.PermissionDenied),
        ("Client.InvalidKMSKey.InvalidState", errors.PermissionDenied),
        ("Client.VolumeLimitExceeded", errors.QuotaExceeded),
        ("Client.InvalidSnapshot.NotFound", errors.NotFound),
        ("Client.InvalidParameterValue", errors.InvalidRequest),
        ("Server.InsufficientInstanceCapacity", errors.NoCapacity),
        ("Server.InternalError", errors.Unavailable),
        ("Server.SomethingNew", errors.Unavailable),
    ],
)
def test_the_fault_of_an_instance_names_the_class_of_its_reason(code, kind):
    fault = aws_errors.fault(code, f"{code}: no more")
    assert (fault.error, fault.code, str(fault)) == (kind, code, f"{code}: no more")


def test_a_fault_without_a_message_says_its_code():
    assert str(aws_errors.fault("Server.InternalError", "")) == "Server.InternalError"


@pytest.mark.parametrize(
    ("message", "kind"),
    [
        ("Given key ID is not accessible", errors.PermissionDenied),
        ("The KMS request was refused", errors.PermissionDenied),
        ("The source went away", errors.Unavailable),
    ],
)
def test_the_fault_of_a_snapshot_is_its_keys_if_it_speaks_of_one(message, kind):
    assert aws_errors.storage_fault(message, "").error is kind
