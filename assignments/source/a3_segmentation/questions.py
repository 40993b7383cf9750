"""What is checked in assignment 3: inputs of every part, small, drawn anew each time."""

import numpy as np

from minidet.grading.assignments.assignment import Call, Part, Question

IGNORE = 255

VARIANTS = {
    "q7": ("smooth", "inverse", "quadratic"),
    "q8": ("distance", "neighbours", "window"),
    "q9": ("pairs", "tolerant", "segments"),
}


def numbers(rng, *shape):
    """Return numbers with one digit after the point: short to print, and rarely equal."""
    return rng.integers(-40, 41, shape) / 10


def spotted(rng, labels, share=0.25):
    """Return a copy in which some pixels are ignored: at least one, and never all."""
    flat = labels.flatten()
    count = max(1, int(share * flat.size))
    flat[rng.permutation(flat.size)[:count]] = IGNORE
    return flat.reshape(labels.shape)


def every_class(rng, shape, classes):
    """Return random labels in which each class occurs."""
    flat = rng.integers(0, classes, int(np.prod(shape)))
    flat[rng.permutation(flat.size)[:classes]] = np.arange(classes)
    return flat.reshape(shape)


def regions(rng, n, height, width, classes):
    """Return label maps (N, H, W) of a few large regions; each class occurs in each of them."""
    cells = np.stack([every_class(rng, ((height + 1) // 2, (width + 1) // 2), classes) for _ in range(n)])
    return cells.repeat(2, 1).repeat(2, 2)[:, :height, :width]


# q1: bilinear weights -----------------------------------------------------------------------------------------------


def q1_odd(rng, variant):
    return [Call("bilinear_weight", (1, k), text=f"one channel, an odd kernel: {k} x {k}", picture=k == 3)
            for k in (3, 2 * int(rng.integers(2, 5)) + 1)]


def q1_even(rng, variant):
    return [Call("bilinear_weight", (1, k), text=f"one channel, an even kernel: {k} x {k}", picture=k == 4)
            for k in (4, 2 * int(rng.integers(3, 6)))]


def q1_channels(rng, variant):
    channels = int(rng.integers(2, 5))
    return [Call("bilinear_weight", (channels, 3), text=f"{channels} channels, a kernel of 3 x 3")]


# q2: skip fusion ----------------------------------------------------------------------------------------------------


def enlarged_and_fine(rng, n, classes, cells, size, kernel, stride):
    enlarged = [(count - 1) * stride + kernel for count in cells]
    return numbers(rng, n, classes, *enlarged), numbers(rng, n, classes, *size)


def q2_offset(rng, variant):
    calls = []
    for kernel, stride in ((4, 2), (8, 4), (5, 3)):
        h, w = (int(v) for v in rng.integers(1, 4, 2))
        x, fine = enlarged_and_fine(rng, 1, 2, (h, w), (h * stride, w * stride), kernel, stride)
        text = f"kernel {kernel}, stride {stride}; {h} x {w} coarse cells, {h * stride} x {w * stride} fine ones"
        calls.append(Call("fuse_skip", (x, fine, kernel, stride), text=text, picture=False))
    return calls


def q2_sizes(rng, variant):
    calls = []
    for kernel, stride, missing in ((4, 2, (1, 1)), (8, 4, (2, 3))):
        h, w = (int(v) for v in rng.integers(2, 4, 2))
        size = h * stride - missing[0], w * stride - missing[1]
        x, fine = enlarged_and_fine(rng, 2, 1, (h, w), size, kernel, stride)
        text = f"kernel {kernel}, stride {stride}; {h} x {w} coarse cells, but only {size[0]} x {size[1]} fine ones"
        calls.append(Call("fuse_skip", (x, fine, kernel, stride), text=text))
    return calls


def q2_gradient(rng, variant):
    calls = []
    for kernel, stride, missing in ((4, 2, 0), (4, 2, 1), (8, 4, 2)):
        h, w = (int(v) for v in rng.integers(2, 4, 2))
        shape = 1, 2, (h - 1) * stride + kernel, (w - 1) * stride + kernel
        grad = numbers(rng, 1, 2, h * stride - missing, w * stride - missing)
        text = f"kernel {kernel}, stride {stride}; an enlarged map of {shape[2]} x {shape[3]}"
        calls.append(Call("fuse_skip_grad", (grad, shape, kernel, stride), text=text, names=("denlarged", "dfine")))
    return calls


# q3 and q4: cross-entropy and its gradient --------------------------------------------------------------------------


def scored(rng, classes=None, ignored=False):
    """Return scores (N, K, H, W) and labels (N, H, W); every class occurs, and no two axes have the same length."""
    n, height, width = 2, int(rng.integers(4, 6)), int(rng.integers(6, 8))
    classes = int(rng.integers(3, 4)) if classes is None else classes
    labels = every_class(rng, (n, height, width), classes)
    return numbers(rng, n, classes, height, width), spotted(rng, labels) if ignored else labels


def cases_of_loss(function):
    """Return the case functions of one of the two questions."""

    def values(rng, variant):
        return [Call(function, scored(rng), text="every pixel has a label"),
                Call(function, scored(rng, 2), text="two classes, every pixel has a label")]

    def ignored(rng, variant):
        scores, labels = scored(rng, ignored=True)
        other = np.where(labels == IGNORE, -1, labels)
        return [Call(function, (scores, labels), text="a quarter of the pixels is ignored"),
                Call(function, (scores, other), {"ignore_index": -1}, text="ignored pixels are marked by -1")]

    def nothing(rng, variant):
        scores, labels = scored(rng)
        return [Call(function, (scores, np.full_like(labels, IGNORE)), text="all pixels are ignored"),
                Call(function, (scores, labels), text="no pixel is ignored")]  # who always says 0 is not right

    def weights(rng, variant):
        scores, labels = scored(rng)
        share = rng.integers(1, 9, scores.shape[1]) / 2
        share[int(rng.integers(len(share)))] += 5  # never all equal
        return [Call(function, (scores, labels), {"weights": share}, text=f"the classes have the weights {share}")]

    def large(rng, variant):
        scores, labels = scored(rng)
        return [Call(function, (scores * 500, labels), text="scores between -2000 and 2000")]

    return values, ignored, nothing, weights, large


LOSS, GRADIENT = cases_of_loss("cross_entropy"), cases_of_loss("cross_entropy_grad")


# q5: switches -------------------------------------------------------------------------------------------------------


def without_ties(rng, *shape):
    return rng.permutation(np.arange(int(np.prod(shape)))).reshape(shape) / 2 - 10.0


def way_down(rng, n, channels, size, stages):
    """Return a trail as pooling by 2 x 2 leaves it: (switches, size before pooling) of each stage; the last size."""
    trail = []
    for _ in range(stages):
        h, w = size[0] // 2, size[1] // 2
        rows, columns = rng.integers(0, 2, (2, n, channels, h, w))
        rows, columns = rows + 2 * np.arange(h)[:, None], columns + 2 * np.arange(w)
        trail.append((rows * size[1] + columns, size))
        size = h, w
    return trail, size


def q5_pool(rng, variant):
    n, channels = 2, 3
    h, w = (2 * int(v) for v in rng.integers(2, 5, 2))
    names = ("values", "switches")
    return [Call("pool_switches", (without_ties(rng, 1, 1, 4, 4),), text="one map of 4 x 4", picture=True, names=names),
            Call("pool_switches", (without_ties(rng, n, channels, h, w),), text=f"2 x 3 maps of {h} x {w}",
                 names=names)]  # fmt: skip


def q5_odd(rng, variant):
    h, w = (2 * int(v) + 1 for v in rng.integers(1, 4, 2))
    return [Call("pool_switches", (without_ties(rng, 1, 2, *size),), text=f"maps of {size[0]} x {size[1]}",
                 names=("values", "switches")) for size in ((h, w), (h + 1, w))]


def q5_ties(rng, variant):
    x = rng.integers(0, 2, (1, 2, 6, 6)) - 1.0
    x[0, 0, :2, :2] = -1  # a window of equal numbers, and all of them below 0
    return [Call("pool_switches", (x,), text="many equal numbers", names=("values", "switches"))]


def q5_unpool(rng, variant):
    calls = []
    for n, channels, size in ((1, 1, (4, 4)), (2, 3, (5, 2 * int(rng.integers(2, 4))))):
        trail, small = way_down(rng, n, channels, size, 1)
        text = f"one stage, back to {size[0]} x {size[1]}"
        calls.append(Call("unpool_switches", (numbers(rng, n, channels, *small), trail), text=text, picture=n == 1))
    return calls


def q5_stages(rng, variant):
    calls = []
    for stages, size in ((2, (8, 8)), (3, (16, 17))):
        trail, small = way_down(rng, 1, 2, size, stages)
        text = f"{stages} stages, back to {size[0]} x {size[1]}"
        calls.append(Call("unpool_switches", (numbers(rng, 1, 2, *small), trail), text=text))
    return calls


def q5_gradient(rng, variant):
    calls = []
    for stages, size in ((1, (4, 6)), (2, (9, 8))):
        trail, _ = way_down(rng, 2, 2, size, stages)
        text = f"{stages} stage{'s' if stages > 1 else ''}, a gradient of {size[0]} x {size[1]}"
        calls.append(Call("unpool_switches_grad", (numbers(rng, 2, 2, *size), trail), text=text))
    return calls


# q6: confusion matrix and mean IoU ----------------------------------------------------------------------------------


def answers_to(rng, truth, classes, wrong=0.35):
    """Return answers that are often right, and more often wrong in one direction than in the other."""
    answer = np.where(truth == IGNORE, 0, truth)
    return np.where(rng.random(truth.shape) < wrong, np.maximum(answer - 1, 0), answer)


def q6_matrix(rng, variant):
    calls = []
    for classes, shape in ((3, (4, 4)), (4, (2, int(rng.integers(5, 8)), 5))):
        truth = every_class(rng, shape, classes)
        text = f"{classes} classes, label maps of shape {shape}"
        calls.append(Call("confusion_matrix", (truth, answers_to(rng, truth, classes), classes), text=text,
                          picture=classes == 3))
    return calls


def q6_ignored(rng, variant):
    one, other = rng.integers(0, 3, (2, 5, 6))
    gone = rng.random(one.shape) < 0.3
    gone[0, :2] = True, False
    truth, answer = np.stack([one, other]), np.stack([other, one])  # the matrix is symmetric: rows are another part's
    truth[:, gone] = IGNORE
    return [Call("confusion_matrix", (truth, answer, 3), text="a third of the pixels is ignored"),
            Call("confusion_matrix", (np.where(truth == IGNORE, 9, truth), answer, 3), {"ignore_index": 9},
                 text="ignored pixels are marked by 9")]


def q6_iou(rng, variant):
    return [Call("mean_iou", (rng.integers(1, 30, (k, k)) + 20 * np.eye(k, dtype=int),),
                 text=f"{k} classes, all present") for k in (2, 4)]  # fmt: skip


def q6_absent(rng, variant):
    matrix = rng.integers(1, 30, (4, 4))
    gone, invented = (int(k) for k in rng.permutation(4)[:2])
    absent = matrix.copy()
    absent[gone], absent[:, gone] = 0, 0
    only_said = matrix.copy()
    only_said[invented] = 0
    return [Call("mean_iou", (absent,), text=f"class {gone} is in no truth and in no answer"),
            Call("mean_iou", (only_said,), text=f"class {invented} is in no truth, but in some answers")]


def q6_dataset(rng, variant):
    sizes = [(3, 4), (6, 6), (4, 8)]
    truths = [every_class(rng, size, 3) for size in sizes]
    truths[0] = truths[0] % 2  # the first image has no pixel of class 2
    answers = [answers_to(rng, truth, 3, wrong) for truth, wrong in zip(truths, (0.8, 0.2, 0.4), strict=True)]
    answers[0][0, 0] = 2  # ... but an answer of it
    return [Call("dataset_iou", (truths, answers, 3), text="three images of different sizes")]


# q7: another rule for enlarging -------------------------------------------------------------------------------------


def with_rim(rng, channels, h, w):
    """Return maps whose outermost two rows and columns are equal: what lies beyond the border does not matter much."""
    return np.pad(rng.integers(-30, 31, (channels, h, w)) / 1.0, ((0, 0), (1, 1), (1, 1)), mode="edge")


def q7_inside(rng, variant):
    return [Call("enlarge_map", (with_rim(rng, 1, 2, 3), 2), text="one map of 4 x 5 cells, factor 2", picture=True),
            Call("enlarge_map", (with_rim(rng, 2, int(rng.integers(2, 4)), 2), 4), text="two maps, factor 4")]


def q7_borders(rng, variant):
    h, w = (int(v) for v in rng.integers(3, 5, 2))
    return [Call("enlarge_map", (rng.integers(-30, 31, (1, 2, 2)) / 1.0, 2), text="one map of 2 x 2 cells, factor 2",
                 picture=True),
            Call("enlarge_map", (numbers(rng, 2, h, w), 2), text=f"two maps of {h} x {w} cells, factor 2")]


def q7_factor(rng, variant):
    return [Call("enlarge_map", (with_rim(rng, 1, 3, 2), factor), text=f"factor {factor}") for factor in (3, 5)]


# q8: pixels that count more -----------------------------------------------------------------------------------------


def q8_weights(rng, variant):
    h, w = (int(v) for v in rng.integers(5, 8, 2))
    return [Call("pixel_weights", (regions(rng, 1, 4, 4, 2),), text="one map of 4 x 4, two classes", picture=True),
            Call("pixel_weights", (regions(rng, 2, h, w, 3),), text=f"two maps of {h} x {w}, three classes"),
            Call("pixel_weights", (np.full((1, 3, 4), 2),), text="one class everywhere")]


def q8_ignored(rng, variant):
    labels = spotted(rng, regions(rng, 2, 6, 5, 3), 0.3)
    lonely = np.full((1, 4, 5), IGNORE)
    lonely[0, 1, 3] = 1
    return [Call("pixel_weights", (labels,), text="nearly a third of the pixels is ignored"),
            Call("pixel_weights", (lonely,), text="one pixel has a label, all others are ignored")]


def weighted(rng, ignored=True):
    """Return scores, labels and weights: the images differ in what is ignored, and so do the classes in number."""
    labels = regions(rng, 3, 4, 5, 3)
    if ignored:
        labels[0] = spotted(rng, labels[0], 0.4)
        labels[1][labels[1] == 2] = IGNORE
    weights = np.where(rng.random(labels.shape) < 0.4, 1.0, rng.integers(3, 9, labels.shape) / 2)
    return numbers(rng, 3, 3, 4, 5), labels, np.where(labels == IGNORE, 0.0, weights)


def q8_loss(rng, variant):
    scores, labels, weights = weighted(rng)
    labels[2], weights[2] = IGNORE, 0  # an image of which nothing is known
    return [Call("weighted_loss", weighted(rng, ignored=False), text="every pixel has a label"),
            Call("weighted_loss", (scores, labels, weights),
                 text="all of the third image is ignored, some of the others")]  # fmt: skip


def q8_gradient(rng, variant):
    scores, labels, weights = weighted(rng)
    return [Call("weighted_loss_grad", weighted(rng, ignored=False), text="every pixel has a label"),
            Call("weighted_loss_grad", (scores, labels, weights), text="some pixels are ignored")]


def q8_nothing(rng, variant):
    scores, labels, weights = weighted(rng)
    nothing = scores, np.full_like(labels, IGNORE), np.zeros_like(weights)
    one_group = scores[:1], np.full_like(labels[:1], 2), np.full_like(weights[:1], 2.0)  # in every variant
    return [Call(function, args, text=text) for function in ("weighted_loss", "weighted_loss_grad") for args, text in
            ((nothing, "all pixels are ignored"), (one_group, "one image, one class, all weights are 2"))]


# q9: another measure ------------------------------------------------------------------------------------------------


def judged(rng, n, classes, height=6, width=7):
    """Return truth and answers (N, H, W): regions, and some wrong pixels, more in the first image than in the last."""
    truth = regions(rng, n, height, width, classes)
    shares = np.linspace(0.6, 0.1, n)[:, None, None] if n > 1 else 0.25
    shares = shares + 0.4 * (truth == rng.integers(classes))  # one class is found worse than the others
    return truth, np.where(rng.random(truth.shape) < shares, rng.integers(0, classes, truth.shape), truth)


def q9_values(rng, variant):
    truth, answer = judged(rng, 1, 3)
    return [Call("scene_score", (*judged(rng, 1, 2, 4, 4), 2), text="one image of 4 x 4, two classes"),
            Call("scene_score", (truth, answer, 3), text="one image of 6 x 7, three classes"),
            Call("scene_score", (truth, truth.copy(), 3), text="every pixel is right")]


def q9_ignored(rng, variant):
    truth, answer = judged(rng, 1, 3)
    return [Call("scene_score", (spotted(rng, truth), answer, 3), text="a quarter of the pixels is ignored")]


def q9_absent(rng, variant):
    truth, answer = judged(rng, 1, 3)
    names = np.array([0, 2, 3]) if rng.random() < 0.5 else np.array([1, 2, 4])
    return [Call("scene_score", (names[truth], names[answer], 5), text="five classes, but two of them occur nowhere"),
            Call("scene_score", (np.full((1, 4, 4), IGNORE), np.zeros((1, 4, 4), int), 3),
                 text="all pixels are ignored")]  # fmt: skip


def q9_images(rng, variant):
    truth, answer = judged(rng, 3, 3)
    truth[0][truth[0] == 2] = 0  # not every class is in every image
    for maps in (truth, answer):
        maps[1][maps[1] == 1] = 0
    return [Call("scene_score", (truth, answer, 3), text="three images; not every class is in each of them")]


LOSS_HINTS = (
    "Try the 4 x 4 example of the text. The softmax goes over the classes: axis 1 of (N, K, H, W).",
    "Take the true class only where there is one. By how many pixels do you divide? Ignored ones are not in the mean.",
    "With no labelled pixel there is nothing to be wrong about: return 0, before anything is divided by 0.",
    "Each pixel counts as many times as the weight of its true class says: above the line, and below it as well.",
    "exp(1000) is infinite. A softmax does not change if the same number is subtracted from all scores of a pixel.",
)
QUESTIONS = [
    Question("q1", "Bilinear weights", ("bilinear_weight",), [
        Part("odd", 2, q1_odd, hint="The middle tap of an odd kernel is its centre: there the tent is 1."),
        Part("even", 4, q1_even, hint="The centre of an even kernel lies between two taps. How far is each tap from "
             "it?"),
        Part("channels", 3, q1_channels, hint="weight[a, b] says what channel a adds to channel b. Classes must not "
             "mix."),
    ]),
    Question("q2", "Skip fusion", ("fuse_skip", "fuse_skip_grad"), [
        Part("offset", 4, q2_offset, hint="Where does the stamp of cell 0 begin, and which fine cells does cell 0 "
             "cover? Draw it for kernel 4 and stride 2, then for kernel 8 and stride 4."),
        Part("sizes", 2, q2_sizes, hint="The window begins at the same place as ever. What is too much is at the end."),
        Part("gradient", 4, q2_gradient, hint="Inside of the window the sum hands the gradient to both. "
             "What was cut off had no influence."),
    ]),
    Question("q3", "Cross-entropy over pixels", ("cross_entropy",), [
        Part(name, points, cases, hint=hint) for name, points, cases, hint in
        zip(("values", "ignored", "nothing", "weights", "large"), (3, 3, 2, 2, 1), LOSS, LOSS_HINTS, strict=True)
    ]),
    Question("q4", "Its gradient", ("cross_entropy_grad",), [
        Part("values", 3, GRADIENT[0], hint="For one pixel it is p minus the one-hot truth. And the mean divides. "
             "Over the classes of a pixel, the gradient adds up to 0: does yours?"),
        Part("ignored", 3, GRADIENT[1], hint="Nobody corrects an ignored pixel. And what does the mean divide by?"),
        Part("nothing", 1, GRADIENT[2], hint="If the loss is 0 whatever the scores are, what is its slope?"),
        Part("weights", 2, GRADIENT[3], hint="The loss of a pixel is multiplied by the weight of its true class, over "
             "the sum of the weights. So is its gradient, for all K scores of that pixel."),
        Part("large", 1, GRADIENT[4], hint=LOSS_HINTS[4]),
    ]),
    Question("q5", "Switches", ("pool_switches", "unpool_switches", "unpool_switches_grad"), [
        Part("pool", 3, q5_pool, hint="A switch is row * W + column, counted in the map before pooling, not in the "
             "window."),
        Part("odd", 1, q5_odd, hint="A last row or column without a partner is left out. But rows still have W "
             "columns."),
        Part("ties", 1, q5_ties, hint="Of equal numbers the first one wins, in reading order: left to right, then "
             "down."),
        Part("unpool", 2, q5_unpool, hint="Start with zeros of the size that the trail names. One plane (n, c) at a "
             "time."),
        Part("stages", 2, q5_stages, hint="What was pooled last has to be unpooled first."),
        Part("gradient", 3, q5_gradient, hint="Each value went to one place. Its gradient is what stands at that "
             "place. In which order did the maps grow, and in which do the gradients shrink?"),
    ]),
    Question("q6", "Confusion matrix and mean IoU", ("confusion_matrix", "mean_iou", "dataset_iou"), [
        Part("matrix", 4, q6_matrix, hint="Row: what is true. Column: what was said. Do the rows add up to the true "
             "pixels?"),
        Part("ignored", 2, q6_ignored, hint="Where the truth is the ignore label, the answer does not matter."),
        Part("iou", 3, q6_iou, hint="True or said: add up the row and the column of a class. Which pixels did you "
             "count twice?"),
        Part("absent", 2, q6_absent, hint="A class that is neither true nor said is left out of the mean. "
             "A class that was only said is not absent: its IoU is 0."),
        Part("dataset", 3, q6_dataset, hint="Sum first, divide once."),
    ]),
    Question("q7", "Another rule for enlarging", ("enlarge_map",), [
        Part("inside", 4, q7_inside, hint="Do one row first. Print the position p of each pixel, and compare with the "
             "text."),
        Part("borders", 3, q7_borders, hint="Cell -1 is cell 1, not cell 0. And what is cell h?"),
        Part("factor", 3, q7_factor, hint="With an odd factor, some pixels lie exactly on a cell."),
    ]),
    Question("q8", "Pixels that count more", ("pixel_weights", "weighted_loss", "weighted_loss_grad"), [
        Part("weights", 3, q8_weights, hint="Do the 4 x 4 example of the text by hand, then print yours beside it. "
             "Nothing beyond the image counts, and each image of the batch stands for itself."),
        Part("ignored weights", 2, q8_ignored, hint="An ignored pixel has weight 0, and no other pixel looks at it."),
        Part("loss", 3, q8_loss, hint="A mean for each group, then the mean of those. A group without pixels is no "
             "group."),
        Part("gradient", 3, q8_gradient, hint="By what number is the loss of one pixel multiplied in the end? "
             "Its gradient is multiplied by the same."),
        Part("nothing", 1, q8_nothing, hint="No group at all: the loss is 0, and so is the gradient."),
    ]),
    Question("q9", "Another measure", ("scene_score",), [
        Part("values", 4, q9_values, hint="Do the 4 x 4 example of the text by hand, and print what you count."),
        Part("ignored", 3, q9_ignored, hint="Whatever was said at an ignored pixel, the score must not change."),
        Part("absent", 2, q9_absent, hint="A class for which nothing was counted is left out of the mean."),
        Part("images", 3, q9_images, hint="Count over all images first, divide at the end. But images do not touch."),
    ]),
]
