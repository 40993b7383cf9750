"""What a box regressor learns: where a box is as seen from another, in shares of that one's size."""

from __future__ import annotations

import math

import numpy as np

from ..autograd import Tensor, cat, clamp, exp, log, stack
from ..autograd.from_data import read_tensor
from ..errors import bad_argument, check_float, number, shown
from .boxes import checked_boxes

#: Most that a box may grow, as a logarithm: 16 pixels become 1,000.
BBOX_XFORM_CLIP = math.log(1000.0 / 16)


class BoxCoder:
    """Boxes as changes of other boxes (Girshick et al. 2014, R-CNN, appendix C), and back.

    ::

        dx = wx (centre x of the box - centre x of the proposal) / width of the proposal       dy: likewise
        dw = ww log(width of the box / width of the proposal)                                  dh: likewise

    ``weights`` bring the four to about the same size: (1, 1, 1, 1) in a region proposal network, (10, 10, 5, 5) in the
    head of Fast R-CNN, where they stand for one over the standard deviations.

    Parameters
    ----------
    weights : (float, float, float, float)
        wx, wy, ww, wh, positive.
    bbox_xform_clip : float
        ``decode`` takes dw / ww and dh / wh for this where they are larger: exp of what an untrained network says may
        be infinite.

    Notes
    -----
    Departs from torchvision: :meth:`encode` refuses boxes without area, whose codes would be infinite or NaN (the
    caller drops such objects before), and :meth:`decode` returns (0, K, 4) for no boxes.
    """

    def __init__(self, weights, bbox_xform_clip: float = BBOX_XFORM_CLIP):
        if not isinstance(weights, (tuple, list)) or len(weights) != 4:
            raise bad_argument("BoxCoder", "weights", f"is {shown(weights)}", "four positive numbers")
        self.weights = tuple(number("BoxCoder", "weights", weight, 0) for weight in weights)
        if not all(0 < weight < math.inf for weight in self.weights):
            raise bad_argument("BoxCoder", "weights", f"is {shown(weights)}", "four positive numbers")
        self.bbox_xform_clip = number("BoxCoder", "bbox_xform_clip", bbox_xform_clip)

    def encode(self, reference_boxes, proposals) -> tuple[Tensor, ...]:
        """Return the codes of the boxes of several images: for each a (N, 4) of both arguments, and of the result."""
        lists = _lists("BoxCoder.encode", reference_boxes=reference_boxes, proposals=proposals)
        return tuple(self.encode_single(box, proposal) for box, proposal in zip(*lists, strict=True))

    def encode_single(self, reference_boxes, proposals) -> Tensor:
        """Return ``(dx, dy, dw, dh)`` of each box as seen from the proposal of the same number.

        Parameters
        ----------
        reference_boxes : Tensor
            (N, 4), the boxes to be encoded: most often true ones.
        proposals : Tensor
            (N, 4).

        Returns
        -------
        Tensor
            (N, 4), with a gradient for both.

        Raises
        ------
        ValueError
            A box is NaN, infinite, or without area.
        """
        boxes = {"reference_boxes": reference_boxes, "proposals": proposals}
        for argument, value in boxes.items():
            boxes[argument] = checked_boxes("BoxCoder.encode", argument, value)
            values = boxes[argument].detach().numpy()
            flat = np.flatnonzero((values[:, 2:] <= values[:, :2]).any(1))
            if flat.size:
                was = f"contains {values[flat[0]].tolist()}"
                raise bad_argument("BoxCoder.encode", argument, was, "boxes with area", "its code would be infinite")
        target, source = boxes.values()
        if target.shape != source.shape:
            was = f"has shape {source.shape}"
            raise bad_argument("BoxCoder.encode", "proposals", was, str(target.shape), "one for each reference box")
        (tx, ty, tw, th), (x, y, w, h) = _centre_and_size(target), _centre_and_size(source)
        wx, wy, ww, wh = self.weights
        return stack([wx * (tx - x) / w, wy * (ty - y) / h, ww * log(tw / w), wh * log(th / h)], 1)

    def decode(self, rel_codes, boxes) -> Tensor:
        """Return the boxes that codes mean, for the boxes of several images.

        Parameters
        ----------
        rel_codes : Tensor
            (N, 4 K): for each box K codes, one for each class.
        boxes : list of Tensor
            One (N_i, 4) for each image; N is the sum of N_i.

        Returns
        -------
        Tensor
            (N, K, 4).
        """
        (boxes,) = _lists("BoxCoder.decode", boxes=boxes)
        boxes = [checked_boxes("BoxCoder.decode", "boxes", box) for box in boxes]
        decoded = self.decode_single(rel_codes, cat(boxes) if boxes else np.zeros((0, 4), np.float32))
        return decoded.reshape(decoded.shape[0], decoded.shape[1] // 4, 4)

    def decode_single(self, rel_codes, boxes) -> Tensor:
        """Return the boxes that codes mean.

        Parameters
        ----------
        rel_codes : Tensor
            (N, 4 K), float: for each box K codes.
        boxes : Tensor
            (N, 4), what the codes are seen from.

        Returns
        -------
        Tensor
            (N, 4 K), in the dtype of the codes, with a gradient for both.

        Raises
        ------
        ValueError
            A box is NaN or infinite.
        """
        op = "BoxCoder.decode"
        codes, boxes = read_tensor(op, "rel_codes", rel_codes), checked_boxes(op, "boxes", boxes)
        check_float(op, rel_codes=codes)
        if codes.ndim != 2 or codes.shape[1] % 4 or codes.shape[0] != boxes.shape[0]:
            expected = f"({boxes.shape[0]}, 4 K)"
            raise bad_argument(op, "rel_codes", f"has shape {codes.shape}", expected, "one row for each box")
        x, y, w, h = (part[:, None] for part in _centre_and_size(boxes.to(codes.dtype)))  # (N, 1)
        codes = codes.reshape(codes.shape[0], codes.shape[1] // 4, 4)
        dx, dy, dw, dh = (codes[:, :, i] / weight for i, weight in enumerate(self.weights))  # (N, K)
        centre_x, centre_y = dx * w + x, dy * h + y
        half_w = 0.5 * (exp(clamp(dw, max=self.bbox_xform_clip)) * w)
        half_h = 0.5 * (exp(clamp(dh, max=self.bbox_xform_clip)) * h)
        corners = [centre_x - half_w, centre_y - half_h, centre_x + half_w, centre_y + half_h]
        return stack(corners, 2).reshape(codes.shape[0], codes.shape[1] * 4)


def _centre_and_size(boxes: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Return x and y of the centres, widths and heights, each (N,)."""
    w, h = boxes[:, 2] - boxes[:, 0], boxes[:, 3] - boxes[:, 1]
    return boxes[:, 0] + 0.5 * w, boxes[:, 1] + 0.5 * h, w, h


def _lists(op: str, **arguments) -> list:
    """Return arguments that are lists of boxes, one for each image, or raise: all of one length."""
    for argument, value in arguments.items():
        if not isinstance(value, (list, tuple)):
            was = f"is a {type(value).__name__}"
            raise bad_argument(op, argument, was, "a list with the boxes of each image", error=TypeError)
    first, *others = arguments.items()
    for argument, value in others:
        if len(value) != len(first[1]):
            was = f"has {len(value)} images"
            raise bad_argument(op, argument, was, f"{len(first[1])}", f"{first[0]} has as many")
    return list(arguments.values())
