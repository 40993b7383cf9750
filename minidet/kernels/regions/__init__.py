"""What works on boxes and regions: which overlap, what lies in them, which pixels belong together, what was found."""
