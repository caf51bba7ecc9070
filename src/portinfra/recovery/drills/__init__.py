"""Drills: takeovers in an isolated scope, which are removed afterwards."""
