"""The requests of the simulator, a file for each area. Each is a function of the records and the parameters.

Every function first checks, and then changes.
"""
