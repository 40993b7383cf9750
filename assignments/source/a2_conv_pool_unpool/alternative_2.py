"""Another correct solution: sums over arrays of 0 and 1, sorted windows, pieces that are cut out and put together."""

import numpy as np

# convolution: one sum of four factors, whichever of them is asked for ----------------------------------------------


def under(windows, taps, pixels, stride=1, padding=0):
    """Return (windows, taps, pixels): 1 where tap i of window h lies on this pixel, 0 elsewhere."""
    h, i, pixel = np.ogrid[:windows, :taps, :pixels]
    return (h * stride + i - padding == pixel) * 1.0


def lying(small, kernel, large, stride, padding):
    """Return ``under`` for rows (h, i, r) and for columns (v, j, s); sizes are (rows, columns)."""
    return [under(small[k], kernel[k], large[k], stride, padding) for k in (0, 1)]


def results(large, kernel, stride, padding):
    """Return how many rows and columns of windows there are."""
    return [len(range(0, large[k] + 2 * padding - kernel[k] + 1, stride)) for k in (0, 1)]


def added(letters, *factors):
    """Multiply arrays and add over all letters that the result does not have."""
    return np.einsum(letters, *factors, optimize="greedy")


def conv_forward(x, w, b, stride=1, padding=0):
    size, kernel = results(x.shape[2:], w.shape[2:], stride, padding), w.shape[2:]
    rows, columns = lying(size, kernel, x.shape[2:], stride, padding)
    return np.moveaxis(added("ncrs,hir,vjs,fcij->nhvf", x, rows, columns, w) + b, 3, 1)


def conv_backward_input(dy, w, x_shape, stride=1, padding=0):
    rows, columns = lying(dy.shape[2:], w.shape[2:], x_shape[2:], stride, padding)
    return added("nfhv,fcij,hir,vjs->ncrs", dy, w, rows, columns)


def conv_backward_weight(dy, x, w_shape, stride=1, padding=0):
    rows, columns = lying(dy.shape[2:], w_shape[2:], x.shape[2:], stride, padding)
    return added("ncrs,hir,vjs,nfhv->fcij", x, rows, columns, dy)


def conv_backward_bias(dy):
    return np.ones(dy.size // dy.shape[1]) @ np.moveaxis(dy, 1, 3).reshape(-1, dy.shape[1])


def conv_transpose_forward(x, w, b, stride=1, padding=0):
    size = [(x.shape[k + 2] - 1) * stride + w.shape[k + 2] - 2 * padding for k in (0, 1)]
    rows, columns = lying(x.shape[2:], w.shape[2:], size, stride, padding)
    return np.moveaxis(added("nchv,cfij,hir,vjs->nrsf", x, w, rows, columns) + b, 3, 1)


def conv_transpose_backward_input(dy, w, stride=1, padding=0):
    size = results(dy.shape[2:], w.shape[2:], stride, padding)
    rows, columns = lying(size, w.shape[2:], dy.shape[2:], stride, padding)
    return added("nfrs,hir,vjs,cfij->nchv", dy, rows, columns, w)


def conv_transpose_backward_weight(dy, x, w_shape, stride=1, padding=0):
    rows, columns = lying(x.shape[2:], w_shape[2:], dy.shape[2:], stride, padding)
    return added("nfrs,hir,vjs,nchv->cfij", dy, rows, columns, x)


# another border: pieces of the image are laid on its sides, and folded back ------------------------------------------


def mirrored(lines, p):
    return lines[1 : p + 1][::-1], lines[len(lines) - 1 - p : -1][::-1]


def mirrored_back(inside, before, after):
    p = len(before)
    inside[1 : p + 1] += before[::-1]
    inside[len(inside) - 1 - p : -1] += after[::-1]


def repeated(lines, p):
    return np.repeat(lines[:1], p, axis=0), np.repeat(lines[-1:], p, axis=0)


def repeated_back(inside, before, after):
    inside[0] += before.sum(axis=0)
    inside[-1] += after.sum(axis=0)


def round_the_world(lines, p):
    return lines[len(lines) - p :], lines[:p]


def round_the_world_back(inside, before, after):
    inside[len(inside) - len(before) :] += before
    inside[: len(after)] += after


def border(outside, back):
    """Return the four functions of q3, of what lies before and after the lines of an image, and of its way back."""

    def pad(x, padding):
        for axis in (3, 2):
            lines = np.moveaxis(x, axis, 0)
            before, after = outside(lines, padding)
            x = np.moveaxis(np.concatenate([before, lines, after]), 0, axis)
        return x

    def pad_backward(dpadded, padding):
        for axis in (2, 3):
            before, inside, after = np.split(np.moveaxis(dpadded, axis, 0), [padding, dpadded.shape[axis] - padding])
            inside = inside.copy()
            back(inside, before, after)
            dpadded = np.moveaxis(inside, 0, axis)
        return dpadded

    def padded_conv_forward(x, w, b, padding):
        return conv_forward(pad(x, padding), w, b)

    def padded_conv_backward(dy, x, w, padding):
        padded = pad(x, padding)
        return [pad_backward(conv_backward_input(dy, w, padded.shape), padding),
                conv_backward_weight(dy, padded, w.shape)]  # fmt: skip

    return {"pad": pad, "pad_backward": pad_backward, "padded_conv_forward": padded_conv_forward,
            "padded_conv_backward": padded_conv_backward}  # fmt: skip


# pooling and unpooling: the pixels of each window in one row, and the pixels of each channel -------------------------


def window_places(height, width, size, stride):
    """Return the positions of the pixels of each window, in reading order: (OH, OW, size * size)."""
    pixels = np.arange(height * width).reshape(height, width)
    corners = pixels[: height - size + 1 : stride, : width - size + 1 : stride]
    steps = np.add.outer(np.arange(size) * width, np.arange(size)).ravel()
    return corners[..., None] + steps


def window_values(x, size, stride):
    """Return the values at these positions: (N, C, OH, OW, size * size)."""
    return x.reshape(*x.shape[:2], -1)[:, :, window_places(*x.shape[2:], size, stride)]


def maxpool_forward(x, size, stride, return_indices=False):
    """Sort each window; equal values keep their order."""
    values = window_values(x, size, stride)
    order = np.argsort(-values, axis=4, kind="stable")[..., :1]
    places = np.broadcast_to(window_places(*x.shape[2:], size, stride), values.shape)
    best = [np.take_along_axis(array, order, axis=4)[..., 0] for array in (values, places)]
    return tuple(best) if return_indices else best[0]


def hits(indices, pixels):
    """Return (N, C, K, pixels): True where number k of a channel has this position."""
    return indices.reshape(*indices.shape[:2], -1, 1) == np.arange(pixels)


def maxpool_backward(dy, indices, x_shape):
    there = hits(indices, x_shape[2] * x_shape[3])
    return added("nck,nckp->ncp", dy.reshape(*dy.shape[:2], -1), there * 1.0).reshape(x_shape)


def unpool_forward(y, indices, shape):
    """Each pixel asks for the last number that has its position; number 0 is nobody."""
    there = hits(indices, shape[0] * shape[1])
    last = (there * np.arange(1, there.shape[2] + 1)[:, None]).max(axis=2)
    numbers = np.concatenate([np.zeros((*y.shape[:2], 1)), y.reshape(*y.shape[:2], -1)], axis=2)
    return np.take_along_axis(numbers, last, axis=2).reshape(*y.shape[:2], *shape)


def unpool_backward(dout, indices):
    there = hits(indices, dout.shape[2] * dout.shape[3])
    return added("ncp,nckp->nck", dout.reshape(*dout.shape[:2], -1), there * 1.0).reshape(indices.shape)


def ties(share):
    """Return the two functions of q5; ``share`` makes shares of winners (..., pixels of a window), booleans."""

    def tie_shares(x, size, stride):
        values = window_values(x, size, stride)
        won = np.equal(values, np.sort(values, axis=4)[..., -1:])
        return share(won).reshape(*won.shape[:4], size, size)

    def tie_pool_backward(dy, x, size, stride):
        rows, columns = lying(dy.shape[2:], (size, size), x.shape[2:], stride, 0)
        return added("nchv,nchvij,hir,vjs->ncrs", dy, tie_shares(x, size, stride), rows, columns)

    return {"tie_shares": tie_shares, "tie_pool_backward": tie_pool_backward}


def root(won):
    return won / np.linalg.norm(won, axis=4, keepdims=True)


def only(places, pixels):
    """Return 1 at these places of the windows, 0 elsewhere."""
    return np.eye(pixels)[places]


def ends(won):
    """Look for a winner from the front, and from behind."""
    pixels = won.shape[4]
    return (only(won.argmax(axis=4), pixels) + only(pixels - 1 - won[..., ::-1].argmax(axis=4), pixels)) / 2


def middle(won):
    """Sort the winners to the front; they keep their order."""
    places = np.argsort(~won, axis=4, kind="stable")
    number = won.sum(axis=4, keepdims=True) // 2
    return only(np.take_along_axis(places, number, axis=4)[..., 0], won.shape[4])


# another unpooling: unpool as always, then move the pixels of all windows at once ------------------------------------


def moved_image(image, size, move):
    """Cut an image into windows (N, C, h, size, w, size), move their pixels, and put it together again."""
    n, c, height, width = image.shape
    rows, columns = -(-height // size), -(-width // size)
    whole = np.zeros((n, c, rows * size, columns * size))
    whole[:, :, :height, :width] = image
    windows = move(whole.reshape(n, c, rows, size, columns, size))
    return windows.reshape(whole.shape)[:, :, :height, :width]


def moved(move, back):
    """Return the two functions of q7, of a move of pixels and the move that takes it back."""

    def unpool_moved(y, indices, size, shape):
        return moved_image(unpool_forward(y, indices, shape), size, move)

    def unpool_moved_backward(dout, indices, size):
        return unpool_backward(moved_image(dout, size, back), indices)

    return {"unpool_moved": unpool_moved, "unpool_moved_backward": unpool_moved_backward}


def opposite(windows):
    return windows[:, :, :, ::-1, :, ::-1]


def turn(windows):
    return windows.swapaxes(3, 5)[..., ::-1]


def turn_back(windows):
    return windows[..., ::-1].swapaxes(3, 5)


def rolled(steps):
    """Return a move by so many pixels, in reading order."""

    def move(windows):
        rows = windows.swapaxes(3, 4)  # (N, C, h, w, size, size)
        flat = np.roll(rows.reshape(*rows.shape[:4], -1), steps, axis=4)
        return flat.reshape(rows.shape).swapaxes(3, 4)

    return move


VARIANTS_OF = {
    "q3": {
        "reflect": border(mirrored, mirrored_back),
        "replicate": border(repeated, repeated_back),
        "circular": border(round_the_world, round_the_world_back),
    },
    "q5": {"root": ties(root), "ends": ties(ends), "middle": ties(middle)},
    "q7": {
        "opposite": moved(opposite, opposite),
        "turn": moved(turn, turn_back),
        "next": moved(rolled(1), rolled(-1)),
    },
}
