"""The account of a plan: that of the environment, else that of the credentials that were found."""

from collections.abc import Iterator

from portinfra.model.finding import Finding, Severity
from portinfra.model.plan import Plan

RULE = "environment/no-account"


def account_of(plan: Plan) -> str:
    """Return the account that a plan would change; empty where the provider has no accounts."""
    return plan.placed.environment.account or plan.catalogue.account


def account_findings(plan: Plan) -> Iterator[Finding]:
    """Return a warning for an environment without `account`, as its credentials decide which account
    changes.
    """
    environment, account = plan.placed.environment, plan.catalogue.account
    if account and not environment.account:
        write = environment.location.write("account", f'"{account}"')
        yield Finding(
            RULE,
            f"it names no account, so the credentials decide: now {account}",
            f"Write {write} in the environment, if that is the one.",
            Severity.WARNING,
            f"environment.{environment.name}.account",
            environment.location,
        )
