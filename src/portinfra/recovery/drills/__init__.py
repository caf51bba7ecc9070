"""Takeovers that are isolated and removed afterwards."""
