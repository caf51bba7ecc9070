"""The trust of new hosts: signed one-use tokens, and the programs that sign certificates for them.

It runs in two places. On the machine of an operator are `directory`, `sealed`, `bundle` and `archive`. The
other modules also run on the host that signs, as one file (`archive.MODULES`). Debian 12 has only Python 3.11
and cryptography 38 there, so they import nothing else, except for the root of errors.
"""
