"""Rules about services: traffic between hosts is encrypted."""

from collections.abc import Iterator

from portinfra.model.finding import Severity
from portinfra.policy.context import PolicyContext
from portinfra.policy.rules import Found, rule


@rule(
    "check/service-without-tls",
    Severity.ERROR,
    "Leave tls out, or waive the rule in the role with a reason.",
    enforces="R17",
)
def service_without_tls(context: PolicyContext) -> Iterator[Found]:
    """A service with `tls="none"`: what its clients send is readable on the way."""
    for role in context.roles:
        for service in role.offers:
            if service.tls == "none":
                yield role, f"its service {service.name!r} has no TLS"


SERVICES = (service_without_tls,)
