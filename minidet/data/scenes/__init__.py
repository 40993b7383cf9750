"""Generated pictures: every pixel, and what it shows, follows from a seed."""
