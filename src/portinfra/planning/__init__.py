"""Planning: what changes between existing and wanted resources, in which order, and at which cost. All
pure.
"""
