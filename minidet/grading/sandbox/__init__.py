"""Where students' code runs: walls, the worker behind them, and what goes over the pipes."""
