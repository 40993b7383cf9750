"""From answers to points: calls, comparisons, verdicts and their words, one submission or many."""
