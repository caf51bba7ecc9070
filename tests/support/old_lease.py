"""A lease as version 0.1.0 wrote it, before a lease could name a peer."""

HOLDER = {"user": "ada", "host": "laptop", "machine": "m", "process": "4711:1:attempt-1"}
OLD = {
    "number": 3,
    "holder": HOLDER,
    "beat": 2,
    "since": "2026-11-28T10:00:00+00:00",
    "active_at": 7.5,
    "released": True,
    "epoch": 5,
    "fenced": True,
    "version": "0.1.0",
    "note": "",
}
"""What its record says."""
