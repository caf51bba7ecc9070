"""The version of portinfra, which a lease records."""

VERSION = "0.1.0"
