"""Sliding window: classify the neighbourhood of each pixel; then all neighbourhoods at once.

Ciresan, Giusti, Gambardella, Schmidhuber. Deep Neural Networks Segment Neuronal Membranes in Electron Microscopy
Images. NIPS 2012. Table 1, here with two of the stages, for windows of S x S pixels:

    window -- conv, 2 x 2 pool -- conv, 2 x 2 pool -- fully connected -- fully connected -- scores of the middle pixel

All windows at once, as in Giusti et al., Fast Image Scanning with Deep Max-Pooling Convolutional Neural Networks, ICIP
2013, and with fully connected layers as convolutions (OverFeat: Sermanet et al., ICLR 2014, section 3.5):

    image ---- conv, pool ---------- conv, pool ---------- conv --------------- 1 x 1 conv ------- scores of all pixels
    neighbours 1 pixel apart         2 pixels apart        4 pixels apart

Why the scores are the same
---------------------------
Let M be the map that a layer makes of the window that begins in row i, and D its map of the whole image (rows only;
columns likewise). Claim: ``M[a] = D[i + a d]``, where d, the spacing, is 1 at first and doubles with each pooling.

- Convolution: ``sum over t of w[t] M[a + t] = sum over t of w[t] D[(i + a d) + t d]``. That is a convolution of D whose
  kernel reaches for every d-th pixel: its dilation is d.
- Pooling: ``max(M[2 a], M[2 a + 1]) = max(D[i + a 2 d], D[i + a 2 d + d])``. That is a maximum over two pixels of D, d
  apart, taken at each pixel; for the next layer, neighbours are 2 d apart.
- A fully connected layer on maps of h x h pixels is a convolution with a kernel of h x h.

So every product of the classifier is made by the convolutions too, but only once: windows of neighbouring pixels share
most of their work. In floating point the scores may differ in the last digits; the order of additions is the only
difference. No layer may look at the window's edges: convolutions have no padding, and nothing is normalised over it.

Deviations from the paper
-------------------------
- Beyond the border of the image everything is grey; there it is mirrored.
- A smaller window and fewer layers by default. ``SlidingWindow(num_classes, **SlidingWindow.PAPER)`` is network N4.
- No foveation, no averaging over networks and rotations. Weights start from He's initialisation.
"""

from __future__ import annotations

from typing import NamedTuple

from ... import nn
from ...autograd import cat, stack
from ...errors import bad_argument
from ...nn import functional as F
from ...nn import init
from .blocks import normalise


class WindowConv(nn.Conv2d):
    """A convolution without padding, whose neighbours may be any number of pixels apart."""

    def __init__(self, in_channels: int, out_channels: int, kernel_size: int):
        super().__init__(in_channels, out_channels, kernel_size)
        init.kaiming_normal_(self.weight, nonlinearity="relu")
        init.zeros_(self.bias)

    def forward(self, x, spacing: int = 1):
        """Map (N, C, H, W) to (N, F, H - (k - 1) d, W - (k - 1) d), d = ``spacing``."""
        return F.conv2d(x, self.weight, self.bias, dilation=spacing)


class WindowLinear(nn.Linear):
    """A fully connected layer on maps of side x side pixels, which is also a convolution with a kernel of that size."""

    def __init__(self, in_channels: int, out_features: int, side: int):
        super().__init__(in_channels * side * side, out_features)
        init.kaiming_normal_(self.weight, nonlinearity="relu")
        init.zeros_(self.bias)
        self.kernel_shape = (out_features, in_channels, side, side)

    def forward(self, x, spacing: int | None = None):
        """Map the maps of windows (M, C, side, side) to (M, F); with a spacing, those of images to (N, F, H, W)."""
        if spacing is None:
            return F.linear(x.flatten(1), self.weight, self.bias)
        return F.conv2d(x, self.weight.reshape(self.kernel_shape), self.bias, dilation=spacing)


class Cost(NamedTuple):
    """Multiply-adds of the two ways to the same scores."""

    by_crops: int
    convolutional: int

    @property
    def ratio(self) -> float:
        """How often a product is repeated because windows overlap, on average."""
        return self.by_crops / self.convolutional


class SlidingWindow(nn.Module):
    """A classifier of windows, run on each of them or on the whole image.

    Parameters
    ----------
    num_classes : int
        K, background included where there is one.
    in_channels : int
        Channels of the image.
    window : int
        S, pixels a side. Maps must have an even size before each pooling.
    widths, kernels : sequence of int
        Channels and kernel of each stage's convolution.
    hidden : int
        Features of the first fully connected layer.
    """

    PAPER = {"window": 95, "widths": (48, 48, 48, 48), "kernels": (4, 5, 4, 4), "hidden": 200}  # Table 1, N4

    def __init__(self, num_classes: int, in_channels: int = 3, window: int = 31, widths=(16, 32, 32), kernels=(4, 3, 3),
                 hidden: int = 64):  # fmt: skip
        super().__init__()
        if len(widths) != len(kernels) or not widths:
            was, expected = f"is {kernels}", f"{len(widths)} numbers, one for each of widths"
            raise bad_argument("SlidingWindow", "kernels", was, expected)
        self.window = window
        self.side = _last_side(window, kernels)
        inputs = [in_channels, *widths[:-1]]
        self.convs = nn.ModuleList([WindowConv(c, f, k) for c, f, k in zip(inputs, widths, kernels, strict=True)])
        self.hidden = WindowLinear(widths[-1], hidden, self.side)
        self.classifier = WindowLinear(hidden, num_classes, 1)
        init.normal_(self.classifier.weight, 0.0, 0.01)  # all scores near 0: the loss starts near log K

    def classify(self, crops):
        """Map windows (M, C, S, S) of normalised images to the scores (M, K) of their middle pixels."""
        x = crops
        for conv in self.convs:
            x = F.max_pool2d(F.relu(conv(x)), 2)
        return self.classifier(F.relu(self.hidden(x)))

    def scores_by_crops(self, images, rows=None, columns=None):
        """Classify the window around every pixel, or around those in the given rows and columns.

        Parameters
        ----------
        images : Tensor
            (N, 3, H, W), in [0, 1].
        rows, columns : sequence of int, optional
            All by default.

        Returns
        -------
        Tensor
            (N, K, rows, columns): what :meth:`forward` returns there.
        """
        n, _, height, width = images.shape
        x, s = self._pad(normalise(images)), self.window
        rows = range(height) if rows is None else rows
        columns = range(width) if columns is None else columns
        lines = []
        for i in rows:
            scores = self.classify(cat([x[:, :, i : i + s, j : j + s] for j in columns], 0))  # (columns N, K)
            lines.append(scores.reshape(len(columns), n, -1))
        return stack(lines, 0).permute(2, 3, 0, 1)  # (rows, columns, N, K) to (N, K, rows, columns)

    def forward(self, images):
        """Map images (N, 3, H, W) in [0, 1] to class scores (N, K, H, W), logits: all windows at once."""
        x = self._pad(normalise(images))
        spacing = 1
        for conv in self.convs:
            x = F.max_pool2d(F.relu(conv(x, spacing)), 2, stride=1, dilation=spacing)
            spacing *= 2
        x = F.relu(self.hidden(x, spacing))  # (N, F, H, W)
        return self.classifier(x, spacing)

    def multiply_adds(self, height: int, width: int) -> Cost:
        """Return what the scores of an image of H x W pixels cost, by crops and by convolutions.

        A layer with n weights takes n multiply-adds at every position of its map. Of one window, those are m x m, fewer
        from layer to layer; of the whole image hardly more than H x W. So the layer's work is repeated m^2 times.
        """
        side, spacing = self.window, 1
        h, w = height + self.window - 1, width + self.window - 1
        crop = whole = 0
        for conv in self.convs:
            lost = conv.weight.shape[-1] - 1
            side, h, w = side - lost, h - lost * spacing, w - lost * spacing
            crop += side * side * conv.weight.numel()
            whole += h * w * conv.weight.numel()
            side, h, w, spacing = side // 2, h - spacing, w - spacing, 2 * spacing
        last = self.hidden.weight.numel() + self.classifier.weight.numel()
        return Cost((crop + last) * height * width, whole + last * height * width)

    def _pad(self, x):
        """Put a border around (N, C, H, W), so that every pixel is in the middle of a window."""
        before = self.window // 2
        after = self.window - 1 - before
        return F.pad(x, (before, after, before, after))


def _last_side(window: int, kernels) -> int:
    """Return the size of the last maps; raise unless every size before a pooling is even."""
    side = window
    for kernel in kernels:
        side -= kernel - 1
        if side < 2 or side % 2:
            smallest = 1
            for k in reversed(kernels):
                smallest = 2 * smallest + k - 1
            expected = f"{smallest} plus a multiple of {2 ** len(kernels)}"
            why = f"before a pooling, maps would have {side} rows, and that is not even"
            raise bad_argument("SlidingWindow", "window", f"is {window}", expected, why)
        side //= 2
    return side
