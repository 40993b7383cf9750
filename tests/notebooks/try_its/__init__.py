"""What readers are asked to try in the notebooks: one file per notebook, and how it is run.

A file is named ``edits_05.py`` (``edits_extra.py``) and has ``EDITS``: for each **Try it** of the notebook, in their order
and beginning with 1, a list of :class:`Edit`. The test in ``tests/notebooks/test_try_its.py`` runs them all.
"""
