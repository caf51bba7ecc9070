"""By way of a vault: data that no snapshot can carry, because it goes from one provider to another.

A throwaway host in the source reads a clone of each snapshot and streams it, sealed, into the vault; another,
in the target, writes it to a blank volume, reads it back, and ends. Of that volume a snapshot is taken, and
from there on the point is like any other. Data never passes through the machine that runs this.
"""
