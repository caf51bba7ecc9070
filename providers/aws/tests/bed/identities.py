"""Who asks: access keys, the accounts behind them, and STS, which gives keys to other accounts."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from attrs import define, field, frozen

from bed.errors import EC2Error

ACCOUNT = "123456789012"
ACCESS_KEY = "AKIABEDBEDBEDBEDBEDB"
SECRET = "bed-secret"


@frozen
class Identity:
    """One access key, and on whose behalf it speaks."""

    account: str
    arn: str
    access_key: str
    secret: str = field(repr=False)
    token: str = field(default="", repr=False)
    expires: float = float("inf")
    policy: Mapping[str, Any] | None = None
    """Its own IAM policy; None: the one that all callers have."""


@define
class Identities:
    """The keys that are known."""

    session_seconds: int = 3600
    """How long a session lasts that asks for no time of its own."""
    _known: dict[str, Identity] = field(factory=dict)
    _sessions: int = 0

    def __attrs_post_init__(self) -> None:
        self.add(ACCOUNT, ACCESS_KEY, SECRET)

    def add(
        self, account: str, access_key: str, secret: str, policy: Mapping[str, Any] | None = None
    ) -> Identity:
        """A user of an account, with a key that lasts."""
        arn = f"arn:aws:iam::{account}:user/operator"
        self._known[access_key] = Identity(account, arn, access_key, secret, policy=policy)
        return self._known[access_key]

    def of(self, access_key: str, token: str, now: float) -> Identity:
        """Whose key this is. Raises EC2Error where it is nobody's, or nobody's any more."""
        known = self._known.get(access_key)
        if known is None or known.token != token:
            raise EC2Error(
                "AuthFailure", "AWS was not able to validate the provided access credentials", status=401
            )
        if now >= known.expires:
            raise EC2Error("RequestExpired", "Request has expired.", status=400)
        return known

    def serve(self, caller: Identity, action: str, params: dict[str, Any], now: float) -> dict[str, Any]:
        """STS: https://docs.aws.amazon.com/STS/latest/APIReference/."""
        if action == "GetCallerIdentity":
            return {"Account": caller.account, "Arn": caller.arn, "UserId": f"AIDA{caller.account}"}
        if action == "AssumeRole":
            return self._assume(params, now)
        raise EC2Error("InvalidAction", f"the bed's STS does not serve {action}")

    def _assume(self, params: dict[str, Any], now: float) -> dict[str, Any]:
        self._sessions += 1
        _, _, _, _, account, role = params["RoleArn"].split(":", 5)
        arn = f"arn:aws:sts::{account}:assumed-role/{role.partition('/')[2]}/{params['RoleSessionName']}"
        number = f"{self._sessions:016d}"
        session = Identity(
            account,
            arn,
            access_key=f"ASIA{number}",
            secret=f"session-secret-{number}",
            token=f"session-token-{number}",
            expires=now + params.get("DurationSeconds", self.session_seconds),
        )
        self._known[session.access_key] = session
        expiration = datetime.fromtimestamp(session.expires, UTC)
        return {
            "Credentials": {
                "AccessKeyId": session.access_key,
                "SecretAccessKey": session.secret,
                "SessionToken": session.token,
                "Expiration": expiration.strftime("%Y-%m-%dT%H:%M:%SZ"),
            },
            "AssumedRoleUser": {"AssumedRoleId": f"AROA{account}:{params['RoleSessionName']}", "Arn": arn},
        }
