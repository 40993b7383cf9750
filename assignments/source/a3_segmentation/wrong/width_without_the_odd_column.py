"""Positions are counted in the map without its odd last column: rows are too short."""

import numpy as np

LOSES = {"q5": ("odd",)}


def pool_switches(x):
    n, channels, height, width = x.shape
    h, w = height // 2, width // 2
    values, switches = np.full((n, channels, h, w), -np.inf), np.zeros((n, channels, h, w), int)
    rows, columns = 2 * np.arange(h)[:, None], 2 * np.arange(w)
    for i in range(2):
        for j in range(2):
            there = x[:, :, i : 2 * h : 2, j : 2 * w : 2]
            wins = there > values
            values = np.where(wins, there, values)
            switches = np.where(wins, (rows + i) * (2 * w) + columns + j, switches)
    return values, switches
