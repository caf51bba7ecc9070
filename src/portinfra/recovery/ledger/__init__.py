"""What is recorded at an end: recovery points, takeovers and drills."""
