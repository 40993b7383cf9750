"""Random calls, compared with the reference: each module draws calls of one family."""
