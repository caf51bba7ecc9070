"""Roles that come up wave by wave, each wave behind its gates, with signed evidence of how it went.

It knows nothing of recovery: it is given plain values and functions, and a failover, a drill or any other
change of many hosts is composed of it.
"""
