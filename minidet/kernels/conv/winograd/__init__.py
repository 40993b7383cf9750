"""Winograd's convolutions of 3 x 3 taps: of stride 1, of stride 2, and the weight gradient."""
