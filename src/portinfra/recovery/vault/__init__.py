"""The vault: storage that carries data between providers, as snapshots cannot.

A temporary host in the source reads a clone of each snapshot. It encrypts the data and streams it to the
vault. A temporary host in the target writes the data to a blank volume, reads it back, and stops. portinfra
takes a snapshot of that volume, and from then on the point is like any other. The machine that runs portinfra
never carries the data.
"""
