"""Answers that real projects were seen to give: each has the class and the advice of its own cause."""

import pytest

from portinfra import errors
from portinfra_gcp.errors import of_answer, of_operation, to_provider_error

LOG_IN = "Log in again"
QUOTA = "Request a higher quota"
ADDRESS = "Remove the resource that has the address."
KMS = "Cloud KMS error when using key projects/p/locations/global/keyRings/r/cryptoKeys/k: Permission denied"

ANSWERS = [
    # status, reason, reason of the details, message, class, what the advice says
    (403, "forbidden", "BILLING_DISABLED", "This API method requires billing to be enabled.",
     errors.PermissionDenied, "Link the project to a billing account."),
    (403, "insufficientPermissions", "ACCESS_TOKEN_SCOPE_INSUFFICIENT",
     "Request had insufficient authentication scopes.", errors.PermissionDenied, "scope cloud-platform"),
    (403, "accessNotConfigured", "", "Project 1003920175413 is not found and cannot be used for API calls.",
     errors.PermissionDenied, "gcloud services enable"),
    (403, "forbidden", "SERVICE_DISABLED", "Compute Engine API has not been used in project 1 before",
     errors.PermissionDenied, "gcloud services enable"),
    (403, "forbidden", "", "Required 'compute.disks.use' permission for 'projects/p/zones/z/disks/d'",
     errors.PermissionDenied, "Allow compute.disks.use."),
    (403, "forbidden", "", "Permission denied on resource", errors.PermissionDenied, "--iam-policy"),
    (401, "authError", "", "Request had invalid authentication.", errors.PermissionDenied, LOG_IN),
    (403, "rateLimitExceeded", "RATE_LIMIT_EXCEEDED", "Quota exceeded for quota metric 'Read requests'",
     errors.RateLimited, "tried it again"),
    (403, "quotaExceeded", "", "Quota 'IN_USE_ADDRESSES' exceeded.  Limit: 4.0 in region us-central1.",
     errors.QuotaExceeded, QUOTA),
    (404, "notFound", "", "The resource 'projects/no-such-project' was not found",
     errors.NotFound, "No project has this name, or these credentials may not see it"),
    (404, "notFound", "", "The resource 'projects/p/global/networks/n' was not found",
     errors.NotFound, "another person or program may have changed or deleted the resource"),
    (400, "resourceNotReady", "", "The resource 'projects/p/global/networks/n' is not ready",
     errors.Unavailable, "tried it again"),
    (400, "kmsPermissionDenied", "", KMS, errors.PermissionDenied, "use the key"),
    (412, "conditionNotMet", "", "Constraint constraints/compute.vmExternalIpAccess violated for project 1.",
     errors.PermissionDenied, "organisation's policies"),
    (412, "conditionNotMet", "", "Labels fingerprint either invalid or resource labels have changed",
     errors.Conflict, "reads it again"),
    (412, "conditionNotMet", "", "The network cannot be deleted because it's being used by the router r",
     errors.Conflict, "Remove the resource that uses it."),
    (400, "invalid", "", "Invalid value for field 'resource.networkInterfaces[0].networkIP': '10.1.0.4'. "
     "IP address is already in use by another resource.", errors.AlreadyExists, ADDRESS),
    (503, "backendError", "", "Internal error. Please try again or contact Google Support.",
     errors.OutcomeUnknown, "tried it again"),
]  # fmt: skip


@pytest.mark.parametrize(("status", "reason", "detail", "message", "kind", "advice"), ANSWERS)
def test_a_real_refusal_has_the_class_and_the_advice_of_its_cause(
    status, reason, detail, message, kind, advice
):
    error = {"code": status, "message": message, "errors": [{"domain": "global", "reason": reason}]}
    details = [{"@type": "type.googleapis.com/google.rpc.Help"}, {"reason": detail}] if detail else []
    told = to_provider_error(of_answer(status, {"error": {**error, "details": details}}, "instances.insert"))
    assert type(told) is kind
    assert advice in told.fix
    assert (LOG_IN in told.fix) is (advice == LOG_IN)
    assert (QUOTA in told.fix) is (advice == QUOTA)


OPERATIONS = [
    # httpErrorStatusCode, code, message, class, what the advice says
    (503, "ZONE_RESOURCE_POOL_EXHAUSTED_WITH_DETAILS", "The zone 'projects/p/zones/z' does not have enough",
     errors.NoCapacity, "another size or zone"),
    (None, "ZONE_RESOURCE_POOL_EXHAUSTED", "The zone does not have enough resources available",
     errors.NoCapacity, "another size or zone"),
    (403, "QUOTA_EXCEEDED", "Quota 'N2_CPUS' exceeded.  Limit: 8.0.", errors.QuotaExceeded, QUOTA),
    (400, "RESOURCE_IN_USE_BY_ANOTHER_RESOURCE", "The network resource is already being used by 'r'",
     errors.Conflict, "Remove the resource that uses it."),
    (400, "RESOURCE_NOT_READY", "The resource is not ready", errors.Unavailable, "tried it again"),
    (412, "CONDITION_NOT_MET", "Constraint constraints/compute.requireOsLogin violated for project p.",
     errors.PermissionDenied, "organisation's policies"),
    (None, "PERMISSIONS_ERROR", "Required 'compute.subnetworks.use' permission for 'projects/p'",
     errors.PermissionDenied, "Allow compute.subnetworks.use."),
    (None, "INTERNAL_ERROR", "Internal error. Please try again", errors.OutcomeUnknown, "tried it again"),
    (None, "SERVICE_UNAVAILABLE", "x", errors.OutcomeUnknown, "tried it again"),
    (None, "TIMEOUT", "x", errors.OutcomeUnknown, "tried it again"),
    (None, "CANCELED_BY_USER", "x", errors.OutcomeUnknown, "tried it again"),
    (None, "OPERATION_CANCELED_BY_USER", "x", errors.OutcomeUnknown, "tried it again"),
]  # fmt: skip


@pytest.mark.parametrize(("status", "code", "message", "kind", "advice"), OPERATIONS)
def test_a_real_failure_after_acceptance_has_the_class_and_the_advice_of_its_cause(
    status, code, message, kind, advice
):
    entry = {"code": code, "message": message, "errorDetails": []}
    operation = {"kind": "compute#operation", "status": "DONE", "error": {"errors": [entry]}}
    told = to_provider_error(of_operation({**operation, "httpErrorStatusCode": status}, "instances.insert"))
    assert type(told) is kind
    assert advice in told.fix
    assert LOG_IN not in told.fix


def test_a_stock_out_names_the_zones_that_have_some():
    info = {"reason": "stockout", "metadatas": {"zonesAvailable": "europe-west1-c, europe-west1-d"}}
    entry = {"code": "ZONE_RESOURCE_POOL_EXHAUSTED", "message": "No.", "errorDetails": [{"errorInfo": info}]}
    told = to_provider_error(
        of_operation({"status": "DONE", "error": {"errors": [entry]}}, "instances.insert")
    )
    assert "No. Zones with capacity: europe-west1-c, europe-west1-d." in str(told)
