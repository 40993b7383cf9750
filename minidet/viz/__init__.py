"""Pictures. Matplotlib is imported when the first one is drawn."""

from .segmentation import as_picture, colour_labels, overlay_labels, palette, plot_predictions

__all__ = ["as_picture", "colour_labels", "overlay_labels", "palette", "plot_predictions"]
