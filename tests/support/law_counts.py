"""How often each law was checked, and how often it was not, because the history had suspended it."""

from collections import Counter


class LawCounts:
    """The counts of many histories. `laws`: name → sentence."""

    def __init__(self, laws):
        self.laws = laws
        self.checked, self.suspended = Counter(), Counter()

    def is_due(self, law, *, suspended=False):
        """Return whether a law is to be checked now, and count this chance."""
        assert law in self.laws
        (self.suspended if suspended else self.checked)[law] += 1
        return not suspended

    def list_rare(self):
        """Return the laws that were never checked, or in less than half of their chances."""
        return [law for law in self.laws if self.checked[law] < max(1, self.suspended[law])]

    def __str__(self):
        width = max(map(len, self.laws))
        rows = [f"{law:{width}} {self.checked[law]:8} {self.suspended[law]:9}" for law in self.laws]
        return "\n".join([f"{'law':{width}}  checked suspended", *rows])
