"""What EC2 refuses, delays or adds, and moto does not: one idea a file."""

from bed.rules import (
    addresses,
    attachments,
    groups,
    keys,
    kms,
    launches,
    life,
    networks,
    permissions,
    quotas,
    rates,
    references,
    snapshots,
    tags,
    tokens,
    volumes,
)

__all__ = [
    "addresses",
    "attachments",
    "groups",
    "keys",
    "kms",
    "launches",
    "life",
    "networks",
    "permissions",
    "quotas",
    "rates",
    "references",
    "snapshots",
    "tags",
    "tokens",
    "volumes",
]
