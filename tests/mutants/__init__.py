"""Mutants: what if a line of a ``backward`` were a little wrong? ``python -m tests.mutants`` asks it of every line.

``mutations`` changes source, ``targets`` says which functions', ``checks`` runs the rows of the table on a mutant,
``workers`` does so in processes that may be ended, ``listed`` knows the mutants that are no mistakes.
"""
