"""What ``minidet`` can do: one file per command, with ``add_arguments(parser)`` and ``run(args)``."""
