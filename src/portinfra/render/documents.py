"""Values as JSON documents, each with the name and version of its schema. docs/json.md explains them.

Within a version, fields are added and never change their meaning. No document contains a secret.
"""

import re
from collections.abc import Iterable

from portinfra.errors import ApplyError, PortinfraError
from portinfra.execution.estimate import estimate
from portinfra.hosts.inventory import list_hosts
from portinfra.model.change import Change
from portinfra.model.finding import Finding
from portinfra.model.lease import Lease
from portinfra.model.location import Location
from portinfra.model.observed import Foreign, Observation
from portinfra.model.outcome import Outcome
from portinfra.model.placed import Placed
from portinfra.model.plain import Document, plain
from portinfra.model.plan import Plan
from portinfra.model.resources import Instance, Network, PublicAddress, Spec, public_fields
from portinfra.planning.fingerprints import declaration_digest, digest, fingerprints


def plan_document(plan: Plan) -> Document:
    """Return a plan, with all that `apply --plan` needs to make it again and compare."""
    options = plan.options
    document = {
        "schema": "portinfra.plan/1",
        "scope": str(plan.scope),
        "summary": plan.summary(),
        "changes": [change_document(change) for change in plan.changes],
        "budget": budget_document(plan),
        "findings": [finding_document(finding) for finding in plan.findings],
        "options": {
            "on": plan.placed.environment.on,
            "destroy": plan.destroys,
            "only": sorted(options.only),
            "replace": sorted(options.replace),
            "allow_data_loss": sorted(options.allow_data_loss),
            "refresh_images": options.refresh_images,
            "without_zones": sorted(options.without_zones),
        },
        "declaration": declaration_digest(plan),
        "fingerprints": list(fingerprints(plan)),
    }
    return {**document, "digest": digest(document)}


def budget_document(plan: Plan) -> Document:
    """Return the calls of a plan, their least time, and the usual time of an apply."""
    budget = plan.budget
    return {
        "calls": budget.calls,
        "floor_seconds": budget.floor_seconds,
        "estimate_seconds": estimate(plan),
    }


def change_document(change: Change) -> Document:
    """Return a change. `before` and `after` have all public attributes, or are null."""
    return {
        "action": change.action,
        "address": change.address,
        "reason": change.reason,
        "before": spec_document(change.before),
        "after": spec_document(change.after),
    }


def spec_document(spec: Spec | None) -> Document | None:
    """Return the attributes of a resource by name, without secrets."""
    return None if spec is None else {name: plain(value) for name, value in public_fields(spec).items()}


def finding_document(finding: Finding) -> Document:
    """Return a finding."""
    return {
        "rule": finding.rule,
        "severity": str(finding.severity),
        "message": finding.message,
        "fix": finding.fix,
        "subject": finding.subject,
        "location": _location(finding.location),
        "observed": finding.observed,
    }


def _location(location: Location | None) -> Document | None:
    return {"file": location.file, "line": location.line} if location and location.line else None


def outcome_document(outcome: Outcome) -> Document:
    """Return the outcome of an apply."""
    fates = [step.fate for step in outcome.steps]
    return {
        "schema": "portinfra.outcome/1",
        "scope": str(outcome.scope),
        "attempt": outcome.attempt,
        "succeeded": outcome.succeeded,
        "summary": {fate: fates.count(fate) for fate in ("done", "failed", "blocked")},
        "causes": [
            {"error": str(cause.error or ""), "count": len(cause.steps), "not_tried": cause.untried_count}
            for cause in outcome.causes
        ],
        "calls": outcome.calls,
        "seconds": round(outcome.seconds, 3),
        "steps": [
            {
                "phase": step.step.phase,
                "address": step.step.address,
                "fate": step.fate,
                "error": str(step.error) if step.error else None,
                "calls": step.calls,
                "seconds": round(step.ended - step.started, 3),
            }
            for step in outcome.steps
        ],
        "drift": [change_document(change) for change in outcome.drift],
        "unverified": sorted(outcome.unverified),
    }


def _foreign(each: Foreign) -> Document:
    return {
        "kind": each.kind,
        "id": each.id,
        "name": each.name,
        "inside": each.inside,
        "place": each.place,
        "bound": list(each.bound),
    }


def status_document(plan: Plan, lease: Lease | None) -> Document:
    """Return the differences from the declaration, and the zones that did not answer."""
    observation = plan.observation
    return {
        "schema": "portinfra.status/1",
        "scope": str(plan.scope),
        "differs": bool(plan.differs or observation.unknown or observation.unexplained),
        "resources": len(observation.resources),
        "differences": [
            {
                "address": change.address,
                "action": change.action,
                "reason": change.reason,
                "declared": change.after is not None,
                "attributes": [
                    {"name": one.field, "is": plain(one.before), "declared": plain(one.after)}
                    for one in change.differences
                ],
            }
            for change in plan.changes
        ],
        "unknown": sorted(observation.unknown),
        "unexplained": list(observation.unexplained),
        "definitions_only": observation.reads_definitions,
        "foreign": [_foreign(each) for each in observation.foreign or ()],
        "findings": [finding_document(finding) for finding in plan.findings],
        "claim": _lease(lease),
    }


def claim_document(scope: str, lease: Lease | None, *, released: bool = False) -> Document:
    """Return the run that changes the environment now, or changed it last."""
    return {"schema": "portinfra.claim/1", "scope": scope, "claim": _lease(lease), "released_now": released}


def _lease(lease: Lease | None) -> Document | None:
    if lease is None:
        return None
    return {
        "number": lease.number,
        "user": lease.holder_identity.user,
        "host": lease.holder_identity.host,
        "process": lease.holder_identity.process.partition(":")[0],
        "since": lease.acquire_time,
        "released": lease.released,
        "version": lease.version,
        "peer": lease.peer or None,
    }


def render_document(placed: Placed) -> Document:
    """Return every resource that the topology needs, as placed without a cloud."""
    return {
        "schema": "portinfra.render/1",
        "scope": str(placed.scope),
        "on": placed.environment.on,
        "placement": "declared",
        "resources": [
            {"address": address, "role": placed.roles.get(address), "attributes": spec_document(spec)}
            for address, spec in placed.resources.items()
        ],
    }


def output_document(scope: str, observation: Observation) -> Document:
    """Return what scripts need of existing resources: addresses and native ids."""
    hosts = sorted(observation.of(Instance).items(), key=lambda item: natural(item[0]))
    there = sorted(observation.resources.items(), key=lambda item: natural(item[0]))
    public = {
        str(seen.spec.instance): seen.parts.get("ip", "") for seen in observation.of(PublicAddress).values()
    }
    return {
        "schema": "portinfra.output/1",
        "scope": scope,
        "hosts": {
            address.name: {
                "id": seen.id,
                "zone": plain(seen.spec.zone),
                "private_address": seen.spec.private_address,
                "public_address": public.get(address) or None,
                "power": seen.spec.power,
                "state": seen.state,
            }
            for address, seen in hosts
        },
        "ids": {address: seen.id for address, seen in there if seen.id},
        "router": next((r for n in observation.of(Network).values() if (r := n.parts.get("router"))), None),
        "unknown": sorted(observation.unknown),
    }


def inventory_document(placed: Placed) -> Document:
    """Return the hosts of a placed topology."""
    return {
        "schema": "portinfra.inventory/1",
        "scope": str(placed.scope),
        "placement": "declared",
        "hosts": plain(list_hosts(placed)),
    }


def natural(text: str) -> list[tuple[str, int]]:
    """Return a sorting key by which `web2` comes before `web10`."""
    return [(word, int(number or 0)) for word, number in re.findall(r"(\D+)(\d*)", text)]


def error_document(error: PortinfraError, exit_code: int) -> Document:
    """Return what happened, what to do next, and the exit code of the command."""
    findings: Iterable[Finding] = getattr(error, "findings", ())
    document: Document = {
        "schema": "portinfra.error/1",
        "error": type(error).__name__,
        "message": str(error.args[0]) if findings or isinstance(error, ApplyError) else str(error),
        "fix": error.fix,
        "exit_code": int(exit_code),
        "location": _location(getattr(error, "location", None)),
        "findings": [finding_document(finding) for finding in findings],
    }
    if isinstance(error, ApplyError):
        document["outcome"] = outcome_document(error.outcome)
    return document
