"""Checks of one value of a role, an environment or a single resource against what a provider can do."""

import re
from collections.abc import Iterator

from portinfra.model.catalogue import Capabilities
from portinfra.model.finding import Finding
from portinfra.model.location import Location
from portinfra.value import frozen


@frozen
class ProviderValues:
    """Checks for values that a provider cannot have. `subject` is the attribute: `role.web.disk_gib`."""

    provider: str
    capabilities: Capabilities
    location: Location | None

    def disk(self, gib: int, subject: str) -> Iterator[Finding]:
        """Yield a finding for a disk size that the provider does not have."""
        least, most = self.capabilities.volume_min_gib, self.capabilities.volume_max_gib
        if not least <= gib <= most:
            message = f"{gib} GiB is no size of disk that {self.provider} has"
            yield self._finding("disk-size", message, f"Use {least} to {most}.", subject)

    def account(self, account: str, subject: str) -> Iterator[Finding]:
        """Yield a finding for an account that the provider cannot have. No account is no error."""
        digits = self.capabilities.account_digits
        if account and digits and not re.fullmatch(rf"[0-9]{{{digits}}}", account):
            message = f"{account!r} is no account of {self.provider}, which has {digits} digits"
            yield self._finding("account", message, f"Write all {digits} digits, in quotes.", subject)

    def key(self, key: str | None, subject: str) -> Iterator[Finding]:
        """Yield a finding for a key if the provider has no keys of users."""
        if key is not None and not self.capabilities.customer_keys:
            fix = "Leave key out: the provider's own key encrypts then."
            yield self._finding("key", f"{self.provider} has no keys of your own", fix, subject)

    def user_data(self, text: str, subject: str) -> Iterator[Finding]:
        """Yield a finding for user data that is too long."""
        size, most = len(text.encode()), self.capabilities.user_data_max_bytes
        if size > most:
            message = f"{size} bytes; {self.provider} takes {most}"
            yield self._finding("user-data", message, "Let it fetch the rest, or make it shorter.", subject)

    def tag_count(self, number: int, subject: str, *, whose: str = "") -> Iterator[Finding]:
        """Yield a finding for more tags than the provider stores. The tags of `whose` count, too."""
        most = self.capabilities.tags_max
        if number > most:
            with_others = f", with those of {whose}" if whose else ""
            message = f"{number} tags{with_others}; {self.provider} keeps {most}"
            yield self._finding("tags", message, "Use fewer.", subject)

    def _finding(self, rule: str, message: str, fix: str, subject: str) -> Finding:
        return Finding(f"provider/{rule}", message, fix, subject=subject, location=self.location)
