"""IAM, as far as actions, resources and tags go: a caller without a permission is refused, by its name."""

from collections.abc import Collection, Iterator, Mapping
from fnmatch import fnmatchcase
from typing import Any

from attrs import field, frozen

from bed.call import Call
from bed.errors import EC2Error
from bed.identities import Identity
from bed.kinds import kind_of
from bed.rules import profiles
from bed.rules.references import PREFIXES
from bed.settings import Settings

_TAG = "aws:ResourceTag/"


@frozen
class Asked:
    """One permission that a request takes."""

    action: str
    """`ec2:RunInstances`."""
    resource: str = ""
    """The ARN of what it is about; empty where the bed knows of none: only a policy for all covers it."""
    tags: tuple[Mapping[str, str], ...] = ()
    """The tags of each thing that it is about."""
    context: Mapping[str, Collection[str]] = field(factory=dict)
    """Condition keys of the request, with their values."""


def needed(call: Call) -> Iterator[Asked]:
    """The permissions that a request to EC2 takes.

    "Users must have permissions to create the resource and to create tags":
    https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/supported-iam-actions-tagging.html
    "you must grant the PassRole permission": whoever launches a host with a role passes it to EC2,
    https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/permission-to-pass-iam-roles.html
    """
    tags = tuple(call.backend.tags.get(id, {}) for id in _resources(call))
    yield Asked(f"ec2:{call.action}", tags=tags)
    if call.params.get("TagSpecifications"):
        yield Asked("ec2:CreateTags", tags=tags)
    if profile := call.params.get("IamInstanceProfile"):
        passed = {"iam:PassedToService": ("ec2.amazonaws.com",)}
        yield Asked("iam:PassRole", profiles.role(call.account, profile), context=passed)


def check(call: Call, caller: Identity) -> None:
    """Raises EC2Error for the first permission that the caller does not have."""
    for asked in needed(call):
        if not granted(call.there.settings, caller, asked):
            why = denied(call.there.settings, caller, asked)
            message = f"You are not authorized to perform this operation. {why}"
            raise EC2Error("UnauthorizedOperation", message, status=403)


def granted(settings: Settings, caller: Identity, asked: Asked) -> bool:
    """Whether any statement allows it: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies.html.

    A caller's own policy goes before the one of all.
    """
    return not _why_not(settings, caller, asked)


def _why_not(settings: Settings, caller: Identity, asked: Asked) -> str:
    """Why a request is denied, as the services say it; empty: it is allowed.

    "An explicit deny in any policy overrides any allows", of the organisation's policies first.
    """
    own = settings.policy if caller.policy is None else caller.policy
    for policy, name in (
        (settings.organisation, "a service control policy"),
        (own, "an identity-based policy"),
    ):
        if policy is not None and _has(policy, "Deny", asked):
            return f"with an explicit deny in {name}"
    missing = settings.allowed is not None and asked.action not in settings.allowed
    if missing or (own is not None and not _has(own, "Allow", asked)):
        return f"because no identity-based policy allows the {asked.action} action"
    return ""


def _has(policy: Mapping[str, Any], effect: str, asked: Asked) -> bool:
    """Whether a policy has a statement of this effect about what is asked.

    "You can use multi-character match wildcards (*) or single-character match wildcards (?)", and actions
    are "not case-sensitive": IAM JSON policy elements: Action.
    """
    return any(
        statement["Effect"] == effect
        and any(fnmatchcase(asked.action.lower(), each.lower()) for each in _several(statement["Action"]))
        and any(fnmatchcase(asked.resource, pattern) for pattern in _several(statement["Resource"]))
        and all(_meets(kind, terms, asked) for kind, terms in statement.get("Condition", {}).items())
        for statement in policy["Statement"]
    )


def denied(settings: Settings, caller: Identity, asked: Asked) -> str:
    """What a service says of a permission that is missing."""
    about = f" on resource: {asked.resource}" if asked.resource else ""
    why = _why_not(settings, caller, asked)
    return f"User: {caller.arn} is not authorized to perform: {asked.action}{about} {why}"


def _meets(kind: str, terms: Mapping[str, Any], asked: Asked) -> bool:
    if kind == "Null":
        return _has_tags(terms, asked)
    if kind.removeprefix("ForAnyValue:") not in ("StringEquals", "StringLike"):
        raise AssertionError(f"the bed knows nothing of the condition {kind}")
    like = kind.endswith("Like")
    return all(
        any(
            fnmatchcase(value, term) if like else value == term
            for value in _values(key, asked)
            for term in _several(given)
        )
        for key, given in terms.items()
    )


def _values(key: str, asked: Asked) -> Collection[str]:
    """What a request has for a condition key: a tag, where all that it is about bears the same."""
    if not key.startswith(_TAG):
        return asked.context.get(key, ())
    values = {tags.get(key.removeprefix(_TAG)) for tags in asked.tags}
    return [value for value in values if value is not None] if len(values) == 1 else ()


def _has_tags(terms: Mapping[str, str], asked: Asked) -> bool:
    """ "Null": "false" means that the key exists: for every resource that the request is about."""
    for key, absent in terms.items():
        assert key.startswith(_TAG), key
        tag = key.removeprefix(_TAG)
        if not all((tag in tags) is (absent == "false") for tags in asked.tags):
            return False
    return True


def _several(given: str | list[str]) -> list[str]:
    return [given] if isinstance(given, str) else given


def _resources(call: Call) -> Iterator[str]:
    """The ids of what a request is about and what is there; of an association, what is associated."""
    for name, value in call.params.items():
        known = name if name in PREFIXES else name.removesuffix("s")
        if known in PREFIXES:
            for id in value if isinstance(value, list) else [value]:
                kind = kind_of(id)
                found = kind and kind.find(call.backend, id)
                if found is not None:
                    yield str(getattr(found, "allocation_id", found.id))
        elif name == "KeyName" and value in call.backend.key_pairs:
            yield str(call.backend.key_pairs[value].id)
