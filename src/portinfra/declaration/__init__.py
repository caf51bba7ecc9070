"""From what a user wrote, in Python or HCL, to the values of the model. Reads files; checks nothing else."""
