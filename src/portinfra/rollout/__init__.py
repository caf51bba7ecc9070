"""The rollout of roles wave by wave. Each wave has gates, and the run has signed evidence.

It does not know recovery: it takes plain values and functions. A failover, a drill or any other change of
many hosts can use it.
"""
