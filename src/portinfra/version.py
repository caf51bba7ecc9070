"""The version of portinfra, which a claim carries."""

VERSION = "0.1.0"
