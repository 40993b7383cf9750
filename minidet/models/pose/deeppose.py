"""DeepPose: Human Pose Estimation via Deep Neural Networks.

Toshev, Szegedy. CVPR 2014, arXiv:1312.4659. Figure 2:

    stage 1    image -- backbone -- 4 x 4 cells -- linear -- linear -- (x, y) of K joints, relative to the box

    stage 2    around each joint, a square as large as sigma torsos, cut from the backbone's maps:
               K squares -- two convolutions -- linear -- linear -- how far the joint is from the middle

Pose as regression: a network looks at the whole person, and says 2 K numbers. They are relative to the person's box, so
that large and small people are alike (section 3.1, eq. 1): ``((x - cx) / w, (y - cy) / h)``. Such a network sees small
images, and is coarse. So a second one looks at each joint again, in a square around the first answer, and says how far
off that was (section 3.3, eq. 5 and 6). It never sees the first network's answers in
training: it is shown squares around places that are off by what the first one's errors are like, drawn anew each time
from their mean and variance (eq. 8).

Deviations from the paper
-------------------------
- The person's box is the image; see :mod:`minidet.models.pose.contract`.
- Any backbone in place of AlexNet; its last map is averaged to 4 x 4 cells, which is no change for 128 x 128 pixels.
- The second network does not see pixels, but what the backbone made of them: its maps of stride 4, 8 and 16, cut by
  RoIAlign, without a gradient back into them. There, each stage is another AlexNet, which sees the square magnified; a
  small network from random weights, given 32 x 32 pixels, moved more joints away from their places than towards them.
- It is the same one for all joints; as there, it has K answers, and that of the square's joint counts. There are two
  stages of at most three.
- Both networks learn at once: the errors' mean and variance run along, as those of batch normalisation do. There, the
  first is finished before the second begins. Errors are counted in torsos, where the paper has the box.
- A square has at least a fifth of the image's longer side: a person seen from above has next to no torso.
"""

from __future__ import annotations

import numpy as np

from ... import nn
from ...autograd import cat, tensor
from ...errors import bad_argument, integer, integers, number
from ...ops import roi_align
from ...random import generator
from ..backbones.contract import start_convolutions
from ..segmentation.blocks import ConvBNReLU
from .contract import PoseNetwork, mirrored

CELLS = 4  # rows and columns of what the first linear layer sees
TORSO = (9, 2)  # left shoulder, right hip: "opposing joints on the human torso" (section 3.3)
SMALLEST_TORSO = 0.1  # of the image's longer side
MOMENTUM = 0.05  # of a new batch in the errors' mean and variance
COARSEST = 16  # of the maps that squares are cut from
SAMPLES = 2  # a side, in each bin of a square
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

    def regressed(self, maps):
        """Map the backbone's maps to places (N, K, 2) relative to the box: from -1/2 to 1/2 inside of it."""
        cells = nn.functional.adaptive_avg_pool2d(self.reduce(maps[self.coarsest]), CELLS)
        return self.regress(cells.flatten(1)).reshape(len(cells), self.num_keypoints, 2)

    def losses(self, images, places, seen):
        """Return ``{"joints": loss}``."""
        return {"joints": joint_loss(self.regressed(self.backbone(images)), to_box(places, images.shape), seen)}

    def answers(self, images):
        """Return the places; a regression does not say how sure it is: all scores are 1."""
        places = self.located(images)
        if self.flip_test:
            places = (places + flip_places(self.located(mirrored(images)), self.mirrored, images.shape[3])) / 2
        return places, np.ones(places.shape[:2], places.dtype)

    def located(self, images) -> np.ndarray:
        """Return places in pixels (N, K, 2)."""
        return from_box(self.regressed(self.backbone(images)).numpy(), images.shape)


class DeepPoseCascade(DeepPose):
    """Both stages.

    Parameters
    ----------
    num_keypoints, backbone, pretrained, width, keypoint_pairs, flip_test
        As in :class:`DeepPose`.
    sigma : float
        The side of a square, in torsos; the paper's is 1 for people in films, and 2 for sports.
    bins : int
        Cells of a square's side, for the second network.
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
                 sigma: float = 2.0, bins: int = 7, torso: tuple[int, int] = TORSO, keypoint_pairs=None,
                 flip_test: bool = False):  # fmt: skip
        super().__init__(num_keypoints, backbone, pretrained, width, keypoint_pairs, flip_test)
        op = "DeepPoseCascade"
        self.sigma, self.bins = number(op, "sigma", sigma, 0.1, 100), integer(op, "bins", bins, 1, 64)
        self.torso = integers(op, "torso", torso, 2)
        if max(self.torso) >= self.num_keypoints or self.torso[0] == self.torso[1]:
            expected = f"two different joints in [0, {self.num_keypoints})"
            raise bad_argument(op, "torso", f"is {self.torso}", expected)
        channels = self.backbone.channels
        self.looked_at = [stride for stride in channels if stride <= COARSEST] or [min(channels)]
        self.refine = SquareNetwork(self.num_keypoints, sum(channels[stride] for stride in self.looked_at), self.bins)
        joints = (self.num_keypoints, 2)
        self.register_buffer("error_mean", tensor(np.zeros(joints, np.float32)))
        self.register_buffer("error_square", tensor(np.full(joints, UNKNOWN_ERROR**2, np.float32)))
        self.register_buffer("error_batches", tensor(np.zeros(self.num_keypoints, np.int64)))

    def losses(self, images, places, seen):
        """Return ``{"joints": first stage's, "squares": second stage's}``."""
        maps = self.backbone(images)
        answers = self.regressed(maps)
        first = joint_loss(answers, to_box(places, images.shape), seen)
        torsos = self.torsos(places, seen, images.shape)[:, None, None]  # (N, 1, 1), pixels
        self.follow((from_box(answers.detach().numpy(), images.shape) - places) / torsos, seen)
        centres = places + self.drawn_errors(len(images)) * torsos
        corrections = self.corrections(maps, centres, torsos[:, 0, 0])
        truth = (places - centres) / (self.sigma * torsos)
        return {"joints": first, "squares": joint_loss(corrections, truth, seen)}

    def located(self, images) -> np.ndarray:
        """Return places in pixels (N, K, 2), after both stages."""
        maps = self.backbone(images)
        places = from_box(self.regressed(maps).numpy(), images.shape)
        torsos = self.torsos(places, np.ones(places.shape[:2], bool), images.shape)
        moves = self.corrections(maps, places, torsos).numpy()
        return places + (moves * (self.sigma * torsos)[:, None, None]).astype(places.dtype)

    def corrections(self, maps, centres: np.ndarray, torsos: np.ndarray):
        """Return how far each joint is from the middle of its square, in sides of the square: Tensor (N, K, 2)."""
        n, k = centres.shape[:2]
        found = self.refine(self.squares(maps, centres, self.sigma * torsos))  # (N K, K, 2)
        own = np.tile(np.eye(k, dtype=found.dtype), (n, 1))[..., None]  # (N K, K, 1): the square's own joint
        return (found * tensor(own)).sum(1).reshape(n, k, 2)

    def squares(self, maps, centres: np.ndarray, sides: np.ndarray):
        """Cut a square around each joint from the maps, one upon another: (N K, C4 + C8 + C16, bins, bins)."""
        half = sides[:, None, None] / 2
        corners = np.concatenate([centres - half, centres + half], 2)  # (N, K, 4)
        cut = []
        for stride in self.looked_at:
            x = maps[stride].detach()
            boxes = [tensor(rows.astype(x.dtype)) for rows in corners]
            cut.append(roi_align(x, boxes, self.bins, 1 / stride, SAMPLES, aligned=True))
        return cat(cut, 1)

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
    """The second stage: map squares (M, C, S, S) to K corrections (M, K, 2) each, in sides of the square."""

    def __init__(self, num_keypoints: int, channels: int, size: int, width: int = 64):
        super().__init__()
        self.convs = nn.Sequential(ConvBNReLU(channels, width, 1), ConvBNReLU(width, width))
        start_convolutions(self)
        self.regress = regressor(width * size**2, 2 * width, num_keypoints)

    def forward(self, cut):
        """Return the corrections of all joints."""
        return self.regress(self.convs(cut).flatten(1)).reshape(len(cut), -1, 2)


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
