"""What was handed in: whose it is, which file counts, and the answers in it."""
