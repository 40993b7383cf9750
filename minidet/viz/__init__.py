"""Pictures, on light and dark pages. Matplotlib is imported when the first one is drawn."""

from .curves import draw_curves
from .filters import draw_features, draw_filters
from .layers import LayerRow, draw_layers, format_layers, layer_table
from .page import subplots
from .segmentation import as_picture, colour_labels, overlay_labels, palette, plot_predictions
from .tape import TapeNode, draw_tape, read_tape

__all__ = [
    "LayerRow",
    "TapeNode",
    "as_picture",
    "colour_labels",
    "draw_curves",
    "draw_features",
    "draw_filters",
    "draw_layers",
    "draw_tape",
    "format_layers",
    "layer_table",
    "overlay_labels",
    "palette",
    "plot_predictions",
    "read_tape",
    "subplots",
]
