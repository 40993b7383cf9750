"""How models are trained: the loop, the recipes, and the folders that runs leave behind."""
