"""Disaster recovery: points of data carried to another place, and a topology brought back there from them.

It is no second engine. A recovery places the topology in the target with its volumes sourced from recovery
points, and then plans, applies and verifies like any other run, wave by wave.
"""
