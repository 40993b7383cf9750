"""DeepPose: Human Pose Estimation via Deep Neural Networks.

Toshev, Szegedy. CVPR 2014, arXiv:1312.4659. Figure 2:

    stage 1    image -- backbone -- 4 x 4 cells -- linear -- linear -- (x, y) of K joints, relative to the box

    stage 2    around each joint, a square as large as sigma torsos:
               K squares -- three convolutions -- linear -- linear -- how far the joint is from the middle

Pose as regression: a network looks at the whole person, and says 2 K numbers. They are relative to the person's box, so
that large and small people are alike (section 3.1, eq. 1): ``((x - cx) / w, (y - cy) / h)``. Such a network sees small
images, and is coarse. So a second one looks at each joint again, in a square that is cut from the image around the
first answer, and says how far off that was (section 3.3, eq. 5 and 6). It never sees the first network's answers in
training: it is shown squares around places that are off by what the first one's errors are like, drawn anew each time
from their mean and variance (eq. 8).

Deviations from the paper
-------------------------
- The person's box is the image; see :mod:`minidet.models.pose.contract`.
- Any backbone in place of AlexNet; its last map is averaged to 4 x 4 cells, which is no change for 128 x 128 pixels.
- The second network is small, and the same one for all joints; as there, it has K answers, and that of the square's
  joint counts. There are two stages of at most three.
- Both networks learn at once: the errors' mean and variance run along, as those of batch normalisation do. There, the
  first is finished before the second begins. Errors are counted in torsos, where the paper has the box.
- A square has at least a fifth of the image's longer side: a person seen from above has next to no torso.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from ... import nn
from ...autograd import tensor
from ...errors import bad_argument, integer, integers, number
from ...random import generator
from ..backbones.contract import start_convolutions
from ..segmentation.blocks import ConvBNReLU
from .contract import PoseNetwork, mirrored

CELLS = 4  # rows and columns of what the first linear layer sees
TORSO = (9, 2)  # left shoulder, right hip: "opposing joints on the human torso" (section 3.3)
SMALLEST_TORSO = 0.1  # of the image's longer side
MOMENTUM = 0.05  # of a new batch in the errors' mean and variance
UNKNOWN_ERROR = 0.2  # torsos, before the first batch


def joint_loss(answers, truth: np.ndarray, counted: np.ndarray):
    """Return the mean squared distance of the joints that count (eq. 4): 0, with a graph, if there are none.

    Parameters
    ----------
    answers : Tensor (N, K, 2)
    truth, counted : ndarray (N, K, 2) and bool (N, K)
    """
    share = counted[..., None] / answers.dtype.type(max(int(counted.sum()), 1))
    return ((answers - tensor(truth.astype(answers.dtype))) ** 2 * tensor(share.astype(answers.dtype))).sum()


def squares(images: np.ndarray, centres: np.ndarray, sides: np.ndarray, size: int) -> np.ndarray:
    """Cut a square around each joint, and stretch it to ``size`` x ``size`` pixels, bilinearly.

    Parameters
    ----------
    images : ndarray (N, 3, H, W)
        Beyond them, their outermost pixels are repeated.
    centres : ndarray (N, K, 2)
        In pixels.
    sides : ndarray (N,)
        In pixels.
    size : int
        S.

    Returns
    -------
    ndarray (N, K, 3, S, S)
    """
    steps = (np.arange(size) + 0.5) / size - 0.5
    at = centres[..., None] + sides[:, None, None, None] * steps - 0.5  # (N, K, 2, S): pixel j has its centre at j
    limits = np.array(images.shape[:1:-1])[:, None] - 1  # of x, and of y
    at = np.clip(at, 0, limits)
    low = np.minimum(at.astype(np.int64), np.maximum(limits - 1, 0))
    high = np.minimum(low + 1, limits)
    share = (at - low).astype(images.dtype)
    x0, x1, sx = low[:, :, 0, None, :], high[:, :, 0, None, :], share[:, :, 0, None, :, None]  # (N, K, 1, S)
    y0, y1, sy = low[:, :, 1, :, None], high[:, :, 1, :, None], share[:, :, 1, :, None, None]  # (N, K, S, 1)
    pixels = images.transpose(0, 2, 3, 1)  # (N, H, W, 3)
    n = np.arange(len(images))[:, None, None, None]
    upper = pixels[n, y0, x0] * (1 - sx) + pixels[n, y0, x1] * sx  # (N, K, S, S, 3)
    lower = pixels[n, y1, x0] * (1 - sx) + pixels[n, y1, x1] * sx
    return (upper * (1 - sy) + lower * sy).transpose(0, 1, 4, 2, 3)


class DeepPose(PoseNetwork):
    """The first stage: 2 K numbers from the whole image.

    Parameters
    ----------
    num_keypoints : int
        K.
    backbone, pretrained, keypoint_pairs, flip_test
        As in :class:`~minidet.models.pose.contract.PoseNetwork`.
    width : int
        Channels of the 4 x 4 cells; the hidden layer has twice as many.
    """

    def __init__(self, num_keypoints: int = 14, backbone="mobilenet_v2", pretrained=False, width: int = 128,
                 keypoint_pairs=None, flip_test: bool = False):  # fmt: skip
        super().__init__(num_keypoints, backbone, pretrained, keypoint_pairs, flip_test)
        width = integer(type(self).__name__, "width", width, 1)
        self.coarsest = max(self.backbone.channels)
        self.reduce = ConvBNReLU(self.backbone.channels[self.coarsest], width, 1)
        start_convolutions(self.reduce)
        self.regress = regressor(width * CELLS**2, 2 * width, self.num_keypoints)

    def regressed(self, images):
        """Map images (N, 3, H, W) to places (N, K, 2) relative to the box: from -1/2 to 1/2 inside of it."""
        cells = nn.functional.adaptive_avg_pool2d(self.reduce(self.backbone(images)[self.coarsest]), CELLS)
        return self.regress(cells.flatten(1)).reshape(len(images), self.num_keypoints, 2)

    def losses(self, images, places, seen):
        """Return ``{"joints": loss}``."""
        return {"joints": joint_loss(self.regressed(images), to_box(places, images.shape), seen)}

    def answers(self, images):
        """Return the places; a regression does not say how sure it is: all scores are 1."""
        places = self.located(images)
        if self.flip_test:
            places = (places + flip_places(self.located(mirrored(images)), self.mirrored, images.shape[3])) / 2
        return places, np.ones(places.shape[:2], places.dtype)

    def located(self, images) -> np.ndarray:
        """Return places in pixels (N, K, 2)."""
        return from_box(self.regressed(images).numpy(), images.shape)


class DeepPoseCascade(DeepPose):
    """Both stages.

    Parameters
    ----------
    num_keypoints, backbone, pretrained, width, keypoint_pairs, flip_test
        As in :class:`DeepPose`.
    sigma : float
        The side of a square, in torsos; the paper's is 1 for people in films, and 2 for sports.
    crop : int
        Pixels of a square's side, for the second network: at least 8.
    torso : (int, int)
        The joints whose distance is a torso.

    Attributes
    ----------
    error_mean, error_square : Tensor (K, 2)
        Running means of the first stage's errors, and of their squares, in torsos.
    error_batches : Tensor int64 (K,)
        How many batches had the joint.
    """

    def __init__(self, num_keypoints: int = 14, backbone="mobilenet_v2", pretrained=False, width: int = 128,
                 sigma: float = 2.0, crop: int = 32, torso: tuple[int, int] = TORSO, keypoint_pairs=None,
                 flip_test: bool = False):  # fmt: skip
        super().__init__(num_keypoints, backbone, pretrained, width, keypoint_pairs, flip_test)
        op = "DeepPoseCascade"
        self.sigma, self.crop = number(op, "sigma", sigma, 0.1, 100), integer(op, "crop", crop, 8, 1024)
        self.torso = integers(op, "torso", torso, 2)
        if max(self.torso) >= self.num_keypoints or self.torso[0] == self.torso[1]:
            expected = f"two different joints in [0, {self.num_keypoints})"
            raise bad_argument(op, "torso", f"is {self.torso}", expected)
        self.refine = SquareNetwork(self.num_keypoints, self.crop)
        joints = (self.num_keypoints, 2)
        self.register_buffer("error_mean", tensor(np.zeros(joints, np.float32)))
        self.register_buffer("error_square", tensor(np.full(joints, UNKNOWN_ERROR**2, np.float32)))
        self.register_buffer("error_batches", tensor(np.zeros(self.num_keypoints, np.int64)))

    def losses(self, images, places, seen):
        """Return ``{"joints": first stage's, "squares": second stage's}``."""
        answers = self.regressed(images)
        first = joint_loss(answers, to_box(places, images.shape), seen)
        torsos = self.torsos(places, seen, images.shape)[:, None, None]  # (N, 1, 1), pixels
        self.follow((from_box(answers.detach().numpy(), images.shape) - places) / torsos, seen)
        centres = places + self.drawn_errors(len(images)) * torsos
        corrections = self.corrections(images, centres, torsos[:, 0, 0])
        truth = (places - centres) / (self.sigma * torsos)
        return {"joints": first, "squares": joint_loss(corrections, truth, seen)}

    def located(self, images) -> np.ndarray:
        """Return places in pixels (N, K, 2), after both stages."""
        places = super().located(images)
        torsos = self.torsos(places, np.ones(places.shape[:2], bool), images.shape)
        moves = self.corrections(images, places, torsos).numpy()
        return places + (moves * (self.sigma * torsos)[:, None, None]).astype(places.dtype)

    def corrections(self, images, centres: np.ndarray, torsos: np.ndarray):
        """Return how far each joint is from the middle of its square, in sides of the square: Tensor (N, K, 2)."""
        cut = squares(images.detach().numpy(), centres, self.sigma * torsos, self.crop)
        n, k = cut.shape[:2]
        found = self.refine(tensor(np.ascontiguousarray(cut.reshape(n * k, *cut.shape[2:]))))  # (N K, K, 2)
        own = np.tile(np.eye(k, dtype=cut.dtype), (n, 1))[..., None]  # (N K, K, 1): the square's own joint
        return (found * tensor(own)).sum(1).reshape(n, k, 2)

    def torsos(self, places: np.ndarray, seen: np.ndarray, shape) -> np.ndarray:
        """Return the length of each person's torso in pixels, (N,): a fifth of the image where it is not known."""
        a, b = self.torso
        longer = max(shape[2:])
        length = np.linalg.norm(places[:, a] - places[:, b], axis=-1)
        length = np.where(seen[:, a] & seen[:, b], length, 0.2 * longer)
        return np.maximum(length, SMALLEST_TORSO * longer).astype(places.dtype)

    def follow(self, errors: np.ndarray, seen: np.ndarray) -> None:
        """Take a batch's errors (N, K, 2) into the running means, for the joints that it has."""
        count = seen.sum(0)  # (K,)
        batches = self.error_batches.numpy() + (count > 0)
        weight = np.where(count > 0, np.maximum(MOMENTUM, 1 / np.maximum(batches, 1)), 0)[:, None]
        for name, values in (("error_mean", errors), ("error_square", errors**2)):
            mean = (values * seen[..., None]).sum(0) / np.maximum(count, 1)[:, None]
            before = getattr(self, name).numpy()
            setattr(self, name, tensor((before + weight * (mean - before)).astype(before.dtype)))
        self.error_batches = tensor(batches.astype(np.int64))

    def drawn_errors(self, count: int) -> np.ndarray:
        """Return errors as the first stage's are, in torsos: (N, K, 2). The joint stays within its square."""
        mean, square = self.error_mean.numpy(), self.error_square.numpy()
        deviation = np.sqrt(np.maximum(square - mean**2, 0))
        drawn = mean + deviation * generator().standard_normal((count, *mean.shape), np.float32)
        return np.clip(drawn, -self.sigma / 2, self.sigma / 2)


class SquareNetwork(nn.Module):
    """The second stage: map squares (M, 3, S, S) to K corrections (M, K, 2) each, in sides of the square."""

    def __init__(self, num_keypoints: int, size: int, widths: tuple[int, ...] = (16, 32, 64)):
        super().__init__()
        widths = (3, *widths)
        self.convs = nn.Sequential(*[ConvBNReLU(a, b, stride=2) for a, b in pairwise(widths)])
        start_convolutions(self)
        for _ in widths[1:]:
            size = (size + 1) // 2
        self.regress = regressor(widths[-1] * size**2, 2 * widths[-1], num_keypoints)

    def forward(self, cut):
        """Return the corrections of all joints."""
        return self.regress(self.convs((cut - 0.5) * 4.0).flatten(1)).reshape(len(cut), -1, 2)


def regressor(features: int, hidden: int, num_keypoints: int) -> nn.Sequential:
    """Return two linear layers to 2 K numbers, which are near 0 at the start: the middle."""
    layers = nn.Sequential(nn.Linear(features, hidden), nn.ReLU(), nn.Linear(hidden, 2 * num_keypoints))
    nn.init.normal_(layers[2].weight, std=0.01)
    nn.init.zeros_(layers[2].bias)
    return layers


def to_box(places: np.ndarray, shape) -> np.ndarray:
    """Return places (N, K, 2) in pixels relative to the box, which is all of an image (N, 3, H, W): eq. 1."""
    size = np.array(shape[:1:-1], places.dtype)  # (W, H)
    return (places - size / 2) / size


def from_box(places: np.ndarray, shape) -> np.ndarray:
    """Undo :func:`to_box`."""
    size = np.array(shape[:1:-1], places.dtype)
    return places * size + size / 2


def flip_places(places: np.ndarray, order: np.ndarray, width: int) -> np.ndarray:
    """Mirror places (N, K, 2) in images of ``width`` pixels, left and right joints in each other's place."""
    return places[:, order] * np.array([-1, 1], places.dtype) + np.array([width, 0], places.dtype)
