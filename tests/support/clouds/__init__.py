"""Clouds as they are after an apply, told by somebody else's client, and what their networks let through.

Nothing here knows portinfra's drivers or its analysis of reach: each module reads what one cloud really has,
and treats a packet as that cloud documents it.
"""
