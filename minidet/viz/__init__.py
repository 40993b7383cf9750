"""Pictures, on light and dark pages. Matplotlib is imported when the first one is drawn."""

from .boxes import draw_boxes, overlay_boxes
from .classes import plot_classes
from .curves import draw_curves
from .filters import draw_features, draw_filters
from .image import as_picture, draw_image
from .joints import draw_joints
from .layers import LayerRow, draw_layers, format_layers, layer_table
from .masks import draw_masks
from .overlay import overlay_joints, overlay_objects
from .page import subplots, use_style
from .segmentation import colour_labels, draw_labels, overlay_labels, palette, plot_predictions
from .sliders import sliders
from .tape import TapeNode, draw_tape, read_tape

__all__ = [
    "LayerRow",
    "TapeNode",
    "as_picture",
    "colour_labels",
    "draw_boxes",
    "draw_curves",
    "draw_features",
    "draw_filters",
    "draw_image",
    "draw_joints",
    "draw_labels",
    "draw_layers",
    "draw_masks",
    "draw_tape",
    "format_layers",
    "layer_table",
    "overlay_boxes",
    "overlay_joints",
    "overlay_labels",
    "overlay_objects",
    "palette",
    "plot_classes",
    "plot_predictions",
    "read_tape",
    "sliders",
    "subplots",
    "use_style",
]
