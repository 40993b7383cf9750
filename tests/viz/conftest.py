"""Pictures are drawn into memory, and forgotten after each test."""

import matplotlib as mpl
import pytest

mpl.use("Agg")


@pytest.fixture(autouse=True)
def close_figures():
    """Close what a test drew."""
    import matplotlib.pyplot as plt

    yield
    plt.close("all")
