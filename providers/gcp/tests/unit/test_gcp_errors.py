"""What each refusal means for whoever asked."""

import pytest

from portinfra import errors
from portinfra_gcp.errors import GceError, of_answer, of_operation, to_provider_error


@pytest.mark.parametrize(
    ("reason", "status", "kind"),
    [
        ("rateLimitExceeded", 403, errors.RateLimited),
        ("RATE_LIMIT_EXCEEDED", 400, errors.RateLimited),
        ("whatever", 429, errors.RateLimited),
        ("quotaExceeded", 403, errors.QuotaExceeded),
        ("QUOTA_EXCEEDED", 403, errors.QuotaExceeded),
        ("ZONE_RESOURCE_POOL_EXHAUSTED_WITH_DETAILS", 503, errors.NoCapacity),
        ("ZONE_RESOURCE_POOL_EXHAUSTED", 503, errors.NoCapacity),
        ("authError", 401, errors.PermissionDenied),
        ("forbidden", 403, errors.PermissionDenied),
        ("accessNotConfigured", 403, errors.PermissionDenied),
        ("kmsPermissionDenied", 400, errors.PermissionDenied),
        ("alreadyExists", 409, errors.AlreadyExists),
        ("RESOURCE_ALREADY_EXISTS", 409, errors.AlreadyExists),
        ("notFound", 404, errors.NotFound),
        ("resourceNotReady", 400, errors.Unavailable),
        ("resourceInUseByAnotherResource", 400, errors.Conflict),
        ("RESOURCE_IN_USE_BY_ANOTHER_RESOURCE", 400, errors.Conflict),
        ("IP_IN_USE_BY_ANOTHER_RESOURCE", 400, errors.InvalidRequest),
        ("conditionNotMet", 412, errors.Conflict),
        ("backendError", 503, errors.OutcomeUnknown),
        ("INTERNAL_ERROR", 500, errors.OutcomeUnknown),
        ("invalid", 400, errors.InvalidRequest),
    ],
)
def test_each_reason_is_told_by_what_to_do_about_it(reason, status, kind):
    told = to_provider_error(GceError(reason, "a message", status, "instances.insert"))
    assert type(told) is kind
    assert told.fix
    assert "a message" in str(told)


def test_a_missing_permission_is_named():
    error = GceError("forbidden", "Required 'compute.disks.use' permission for 'projects/p'", 403)
    assert "Allow compute.disks.use." in to_provider_error(error).fix


def test_a_page_that_is_no_json_keeps_its_status():
    error = of_answer(502, None, "instances.list")
    assert (error.status, error.reason) == (502, "HTTP502")
    assert type(to_provider_error(error)) is errors.OutcomeUnknown


def test_an_api_that_is_off_is_said_to_be():
    told = {
        "error": {"code": 403, "message": "off", "status": "PERMISSION_DENIED", "errors": [{"reason": "x"}]}
    }
    told["error"]["details"] = [{"reason": "SERVICE_DISABLED"}]
    assert "gcloud services enable" in to_provider_error(of_answer(403, told, "networks.list")).fix


def test_what_failed_after_it_was_accepted_is_read_from_its_operation():
    entry = {"code": "QUOTA_EXCEEDED", "message": "no more"}
    operation = {"status": "DONE", "httpErrorStatusCode": 403, "error": {"errors": [entry]}}
    error = of_operation(operation, "instances.insert")
    assert error is not None
    assert type(to_provider_error(error)) is errors.QuotaExceeded
    assert of_operation({"status": "DONE"}, "instances.insert") is None
