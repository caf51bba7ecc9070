"""The simulator's requests, a file an area. Each is a function of the book and the parameters.

Every function checks first and changes afterwards.
"""
