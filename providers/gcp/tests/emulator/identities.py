"""Who asks: bearer tokens, whose they are, and what they may do in which project."""

from typing import Any

from attrs import define, field, frozen

from emulator.errors import GceError

PROJECT = "portinfra-bed"
TOKEN = "bed-token"
EMAIL = "operator@portinfra-bed.iam.gserviceaccount.com"


@frozen
class Identity:
    """One bearer token, and on whose behalf it speaks."""

    email: str
    token: str = field(repr=False)
    projects: frozenset[str] | None = None
    """The projects where it may do something; None: all."""
    permissions: frozenset[str] | None = None
    """What it may do there: `compute.instances.create`; None: everything."""
    expires: float = float("inf")


@define
class Identities:
    """The tokens that are known."""

    _known: dict[str, Identity] = field(factory=dict)
    _accounts: dict[str, Identity] = field(factory=dict)
    _issued: int = 0

    def __attrs_post_init__(self) -> None:
        self.add(Identity(EMAIL, TOKEN))

    def add(self, identity: Identity) -> None:
        """Know one more."""
        self._known[identity.token] = identity
        self._accounts[identity.email] = identity

    def of(self, header: str, now: float) -> Identity:
        """Whose token an Authorization header bears. Raises GceError where it is nobody's, or no longer."""
        scheme, _, token = header.partition(" ")
        known = self._known.get(token.strip())
        if scheme.lower() != "bearer" or known is None or now >= known.expires:
            raise GceError(
                401,
                "authError",
                "Request had invalid authentication credentials. Expected OAuth 2 access token, login cookie "
                "or other valid authentication credential. "
                "See https://developers.google.com/identity/sign-in/web/devconsole-project.",
                location="Authorization",
                locationType="header",
            )
        return known

    def issue(self, now: float, email: str = "", seconds: float = 3600.0) -> dict[str, Any]:
        """A new token of an account, as Google's token endpoint answers: access_token, expires_in."""
        self._issued += 1
        like = self._accounts.get(email) or self._accounts[EMAIL]
        told = Identity(
            like.email,
            f"ya29.bed-{self._issued:06d}",
            like.projects,
            like.permissions,
            now + seconds,
        )
        self._known[told.token] = told
        return {"access_token": told.token, "expires_in": int(seconds), "token_type": "Bearer"}

    def account(self, email: str) -> Identity | None:
        """A known account."""
        return self._accounts.get(email)
