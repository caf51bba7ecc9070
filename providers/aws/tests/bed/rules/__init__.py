"""What EC2 refuses, delays or adds, and moto does not: one idea a file."""

from bed import engine
from bed.rules import (
    addresses,
    attachment_limits,
    attachments,
    console,
    contents,
    groups,
    keys,
    kms,
    launches,
    life,
    locks,
    networks,
    permissions,
    profiles,
    quotas,
    rates,
    references,
    snapshots,
    tags,
    tokens,
    volumes,
)

assert engine  # imported before any rule: moto reads at its import where the images are

__all__ = [
    "addresses",
    "attachment_limits",
    "attachments",
    "console",
    "contents",
    "groups",
    "keys",
    "kms",
    "launches",
    "life",
    "locks",
    "networks",
    "permissions",
    "profiles",
    "quotas",
    "rates",
    "references",
    "snapshots",
    "tags",
    "tokens",
    "volumes",
]
