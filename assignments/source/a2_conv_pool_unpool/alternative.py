"""Another correct solution: loops over every single number, float64, results in column order."""

import numpy as np


def column_order(function):
    """Return the function's results in Fortran order, as float64."""

    def ordered(*args, **kwargs):
        result = function(*args, **kwargs)
        if isinstance(result, tuple):
            return tuple(np.asfortranarray(part, np.float64) for part in result)
        return np.asfortranarray(result, np.float64)

    return ordered


def taps(small, kernel, stride, padding, large):
    """List (h, w, i, j, row, column): window (h, w) has the pixel (row, column) under its weight (i, j)."""
    for h, w, i, j in np.ndindex(*small, *kernel):
        row, column = h * stride + i - padding, w * stride + j - padding
        if 0 <= row < large[0] and 0 <= column < large[1]:
            yield h, w, i, j, row, column


# convolution: every product by itself -------------------------------------------------------------------------------


@column_order
def conv_forward(x, w, b, stride=1, padding=0):
    size = [(x.shape[axis] + 2 * padding - w.shape[axis]) // stride + 1 for axis in (2, 3)]
    out = np.zeros((len(x), len(w), *size))
    for n, f in np.ndindex(len(x), len(w)):
        out[n, f] = b[f]
        for h, v, i, j, row, column in taps(size, w.shape[2:], stride, padding, x.shape[2:]):
            for c in range(x.shape[1]):
                out[n, f, h, v] += w[f, c, i, j] * x[n, c, row, column]
    return out


@column_order
def conv_backward_input(dy, w, x_shape, stride=1, padding=0):
    dx = np.zeros(x_shape)
    for h, v, i, j, row, column in taps(dy.shape[2:], w.shape[2:], stride, padding, x_shape[2:]):
        for n, f, c in np.ndindex(len(dy), *w.shape[:2]):
            dx[n, c, row, column] += dy[n, f, h, v] * w[f, c, i, j]
    return dx


@column_order
def conv_backward_weight(dy, x, w_shape, stride=1, padding=0):
    dw = np.zeros(w_shape)
    for h, v, i, j, row, column in taps(dy.shape[2:], w_shape[2:], stride, padding, x.shape[2:]):
        for n, f, c in np.ndindex(len(dy), *w_shape[:2]):
            dw[f, c, i, j] += dy[n, f, h, v] * x[n, c, row, column]
    return dw


def conv_backward_bias(dy):
    return [sum(float(value) for value in dy[:, f].ravel()) for f in range(dy.shape[1])]


@column_order
def conv_transpose_forward(x, w, b, stride=1, padding=0):
    size = [(x.shape[axis] - 1) * stride + w.shape[axis] - 2 * padding for axis in (2, 3)]
    out = np.zeros((len(x), w.shape[1], *size))
    for h, v, i, j, row, column in taps(x.shape[2:], w.shape[2:], stride, padding, size):
        for n, c, f in np.ndindex(len(x), *w.shape[:2]):
            out[n, f, row, column] += x[n, c, h, v] * w[c, f, i, j]
    return out + b.reshape(1, -1, 1, 1)


@column_order
def conv_transpose_backward_input(dy, w, stride=1, padding=0):
    size = [(dy.shape[axis] + 2 * padding - w.shape[axis]) // stride + 1 for axis in (2, 3)]
    dx = np.zeros((len(dy), len(w), *size))
    for h, v, i, j, row, column in taps(size, w.shape[2:], stride, padding, dy.shape[2:]):
        for n, c, f in np.ndindex(len(dy), *w.shape[:2]):
            dx[n, c, h, v] += dy[n, f, row, column] * w[c, f, i, j]
    return dx


@column_order
def conv_transpose_backward_weight(dy, x, w_shape, stride=1, padding=0):
    dw = np.zeros(w_shape)
    for h, v, i, j, row, column in taps(x.shape[2:], w_shape[2:], stride, padding, dy.shape[2:]):
        for n, c, f in np.ndindex(len(x), *w_shape[:2]):
            dw[c, f, i, j] += dy[n, f, row, column] * x[n, c, h, v]
    return dw


# another border: each place asks for its origin, step by step -------------------------------------------------------


def mirrored(place, size):
    while not 0 <= place < size:
        place = -place if place < 0 else 2 * (size - 1) - place
    return place


def repeated(place, size):
    return min(max(place, 0), size - 1)


def round_the_world(place, size):
    return (place + size) % size


def border(origin):
    """The four functions of q3."""

    def places(size, padding):
        return [origin(place, size) for place in range(-padding, size + padding)]

    @column_order
    def pad(x, padding):
        out = np.zeros((*x.shape[:2], x.shape[2] + 2 * padding, x.shape[3] + 2 * padding))
        for h, row in enumerate(places(x.shape[2], padding)):
            for w, column in enumerate(places(x.shape[3], padding)):
                out[:, :, h, w] = x[:, :, row, column]
        return out

    @column_order
    def pad_backward(dpadded, padding):
        height, width = dpadded.shape[2] - 2 * padding, dpadded.shape[3] - 2 * padding
        dx = np.zeros((*dpadded.shape[:2], height, width))
        for h, row in enumerate(places(height, padding)):
            for w, column in enumerate(places(width, padding)):
                dx[:, :, row, column] += dpadded[:, :, h, w]
        return dx

    def padded_conv_forward(x, w, b, padding):
        return conv_forward(pad(x, padding), w, b)

    def padded_conv_backward(dy, x, w, padding):
        padded = pad(x, padding)
        dx = pad_backward(conv_backward_input(dy, w, padded.shape), padding)
        return dx, conv_backward_weight(dy, padded, w.shape)

    return {"pad": pad, "pad_backward": pad_backward, "padded_conv_forward": padded_conv_forward,
            "padded_conv_backward": padded_conv_backward}  # fmt: skip


# pooling and unpooling: one window, one number at a time -------------------------------------------------------------


def maxpool_forward(x, size, stride, return_indices=False):
    n, c, height, width = x.shape
    rows, columns = range(0, height - size + 1, stride), range(0, width - size + 1, stride)
    values = np.zeros((n, c, len(rows), len(columns)), order="F")
    indices = np.zeros(values.shape, order="F")  # positions as floats: whole numbers all the same
    for at in np.ndindex(*values.shape):
        h, w = rows[at[2]], columns[at[3]]
        window = x[at[0], at[1], h : h + size, w : w + size]
        i, j = divmod(int(np.argmax(window)), size)
        values[at], indices[at] = window[i, j], (h + i) * width + w + j
    return [values, indices] if return_indices else values


@column_order
def maxpool_backward(dy, indices, x_shape):
    dx = np.zeros(x_shape)
    for n, c, h, w in np.ndindex(*dy.shape):
        row, column = divmod(int(indices[n, c, h, w]), x_shape[3])
        dx[n, c, row, column] += dy[n, c, h, w]
    return dx


@column_order
def unpool_forward(y, indices, shape):
    out = np.zeros((*y.shape[:2], *shape))
    for n, c, h, w in np.ndindex(*y.shape):
        out[(n, c, *divmod(int(indices[n, c, h, w]), shape[1]))] = y[n, c, h, w]
    return out


@column_order
def unpool_backward(dout, indices):
    dy = np.zeros(indices.shape)
    for n, c, h, w in np.ndindex(*dy.shape):
        dy[n, c, h, w] = dout[(n, c, *divmod(int(indices[n, c, h, w]), dout.shape[3]))]
    return dy


def ties(share):
    """The two functions of q5: ``share(t)`` lists what t winners get."""

    @column_order
    def tie_shares(x, size, stride):
        rows, columns = range(0, x.shape[2] - size + 1, stride), range(0, x.shape[3] - size + 1, stride)
        shares = np.zeros((*x.shape[:2], len(rows), len(columns), size, size))
        for n, c, h, w in np.ndindex(*shares.shape[:4]):
            window = x[n, c, rows[h] : rows[h] + size, columns[w] : columns[w] + size]
            winners = [(i, j) for i in range(size) for j in range(size) if window[i, j] == window.max()]
            for (i, j), part in zip(winners, share(len(winners)), strict=True):
                shares[n, c, h, w, i, j] = part
        return shares

    @column_order
    def tie_pool_backward(dy, x, size, stride):
        shares, dx = tie_shares(x, size, stride), np.zeros(x.shape)
        for n, c, h, w, i, j in np.ndindex(*shares.shape):
            dx[n, c, h * stride + i, w * stride + j] += dy[n, c, h, w] * shares[n, c, h, w, i, j]
        return dx

    return {"tie_shares": tie_shares, "tie_pool_backward": tie_pool_backward}


def root(t):
    return [t**-0.5] * t


def ends(t):
    return [1.0] if t == 1 else [0.5] + [0.0] * (t - 2) + [0.5]


def middle(t):
    return [float(number == t // 2) for number in range(t)]


def moved(turn):
    """The two functions of q7: ``turn(window)`` is a window of which every pixel has moved."""

    def place(position, size, shape):
        """Mark the position in an empty image, move the pixels of its window, and look where the mark is."""
        image = np.zeros(shape)
        row, column = divmod(int(position), shape[1])
        image[row, column] = 1
        top, left = row // size * size, column // size * size
        window = image[top : top + size, left : left + size]
        window[:] = turn(window.copy())
        return np.unravel_index(image.argmax(), shape)

    @column_order
    def unpool_moved(y, indices, size, shape):
        out = np.zeros((*y.shape[:2], *shape))
        for n, c, h, w in np.ndindex(*y.shape):
            out[(n, c, *place(indices[n, c, h, w], size, shape))] = y[n, c, h, w]
        return out

    @column_order
    def unpool_moved_backward(dout, indices, size):
        dy = np.zeros(indices.shape)
        for n, c, h, w in np.ndindex(*dy.shape):
            dy[n, c, h, w] = dout[(n, c, *place(indices[n, c, h, w], size, dout.shape[2:]))]
        return dy

    return {"unpool_moved": unpool_moved, "unpool_moved_backward": unpool_moved_backward}


VARIANTS_OF = {
    "q3": {"reflect": border(mirrored), "replicate": border(repeated), "circular": border(round_the_world)},
    "q5": {"root": ties(root), "ends": ties(ends), "middle": ties(middle)},
    "q7": {
        "opposite": moved(lambda window: np.rot90(window, 2)),
        "turn": moved(lambda window: np.rot90(window, -1)),
        "next": moved(lambda window: np.roll(window.ravel(), 1).reshape(window.shape)),
    },
}
