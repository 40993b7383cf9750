"""Measurements: speed and memory beside PyTorch. Nothing here is a test."""
