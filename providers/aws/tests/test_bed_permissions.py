"""The bed's IAM: an action may be a pattern, and a denial goes before every permission."""

import pytest

from bed.identities import ACCESS_KEY, Identities
from bed.rules.permissions import Asked, denied, granted
from bed.settings import Settings

CALLER = Identities().of(ACCESS_KEY, "", 0.0)
RUN = Asked("ec2:RunInstances")


def policy(*statements):
    made = [{"Effect": effect, "Action": action, "Resource": "*"} for effect, action in statements]
    return {"Version": "2012-10-17", "Statement": made}


@pytest.mark.parametrize(
    ("statements", "allowed"),
    [
        ([("Allow", "ec2:*")], True),
        ([("Allow", "EC2:run*")], True),
        ([("Allow", ["ec2:Describe*", "ec2:RunInstance?"])], True),
        ([("Allow", "s3:*")], False),
        ([("Allow", "ec2:Describe*")], False),
        ([("Allow", "ec2:*"), ("Deny", "ec2:RunInstances")], False),
        ([("Allow", "ec2:RunInstances"), ("Deny", "ec2:*")], False),
        ([("Allow", "*"), ("Deny", "ec2:StopInstances")], True),
    ],
)
def test_actions_are_patterns_and_a_denial_goes_first(statements, allowed):
    assert granted(Settings(policy=policy(*statements)), CALLER, RUN) is allowed


def test_a_denial_says_whose_policy_it_is():
    own = Settings(policy=policy(("Allow", "ec2:*"), ("Deny", "ec2:Run*")))
    assert denied(own, CALLER, RUN).endswith("with an explicit deny in an identity-based policy")
    organisation = Settings(organisation=policy(("Deny", "ec2:Run*")))
    assert not granted(organisation, CALLER, RUN)
    assert denied(organisation, CALLER, RUN).endswith("with an explicit deny in a service control policy")
    nothing = Settings(policy=policy(("Allow", "s3:*")))
    assert denied(nothing, CALLER, RUN).endswith(
        "because no identity-based policy allows the ec2:RunInstances action"
    )
