"""minidet."""
