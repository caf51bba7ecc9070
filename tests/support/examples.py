"""How many examples a property draws that draws more, or fewer, than the others."""

from hypothesis import settings

OTHERS = 60
"""What the numbers of `examples` are in proportion to."""


def examples(number):
    """Return how many examples a property draws: this number for each 60 that the others draw."""
    return max(1, number * settings.default.max_examples // OTHERS)
