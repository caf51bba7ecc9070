"""The log of the programs: lines on standard error, which systemd and Puppet Server keep."""

import sys


def log(text: str) -> None:
    """Write one line. Threads write whole lines. Characters of a request never end or change a line."""
    sys.stderr.write(f"{text.encode('unicode_escape').decode()}\n")
    sys.stderr.flush()
