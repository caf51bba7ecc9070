"""Client tokens: the same request with the same token is done once.

https://docs.aws.amazon.com/ec2/latest/devguide/ec2-api-idempotency.html
"""

import copy
from collections.abc import Callable
from typing import Any

from bed.call import Call
from bed.errors import EC2Error
from bed.kinds import KINDS

Answer = dict[str, Any]


def once(call: Call, act: Callable[[Call], Answer]) -> Answer:
    """The answer: of now, or as it was when the token was used first."""
    token = call.params.get("ClientToken")
    if token is None or "ClientToken" not in call.operation.given.members:
        return act(call)
    if len(token) > 64:
        raise EC2Error("InvalidParameterValue", "Value for parameter clientToken has more than 64 characters")
    asked = copy.deepcopy(call.params)
    known = call.there.tokens.get((call.action, token))
    if known is None:
        told = act(call)
        call.there.tokens[call.action, token] = (asked, told)
        return told
    before, told = known
    if before != asked:
        raise EC2Error(
            "IdempotentParameterMismatch",
            "Arguments on this idempotent request are inconsistent with arguments used in previous requests.",
        )
    told = copy.deepcopy(told)
    _check_alive(call, told)
    return told


def _check_alive(call: Call, told: Answer) -> None:
    """A token dies with what it made.

    "The only information that might vary in the response is the state of the instance". Of volumes the
    documentation is silent; the message is as users report it (crossplane-contrib/provider-aws, issue 1858).
    """
    if "VolumeId" in told and KINDS["vol"].find(call.backend, told["VolumeId"]) is None:
        raise EC2Error(
            "IdempotentParameterMismatch",
            "The client token you have provided is associated with a resource that is already deleted. "
            "Please use a different client token.",
        )
    for instance in told.get("Instances", ()):
        there = KINDS["i"].find(call.backend, instance["InstanceId"])
        if there is None or there.state in ("shutting-down", "terminated"):
            raise EC2Error(
                "IdempotentInstanceTerminated",
                "The request to launch an instance with this client token cannot be completed: "
                "the instance has been terminated.",
            )
        instance["State"] = {"Code": there.state_code, "Name": there.state}
