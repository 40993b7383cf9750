"""With one winner, the second half overwrites the first one: it gets 1/2. (Other variants: it counts for two.)"""

import numpy as np

LOSES = {"q5": ("alone", "backward")}


def answers(shares_of):
    def tie_shares(x, size, stride):
        n, c, height, width = x.shape
        oh, ow = (height - size) // stride + 1, (width - size) // stride + 1
        shares = np.zeros((n, c, oh, ow, size, size))
        for at in np.ndindex(n, c, oh, ow):
            h, w = at[2] * stride, at[3] * stride
            window = x[at[0], at[1], h : h + size, w : w + size]
            shares_of(shares[at].reshape(-1), np.flatnonzero(window == window.max()))
        return shares

    def tie_pool_backward(dy, x, size, stride):
        shares, dx = tie_shares(x, size, stride), np.zeros(x.shape)
        for h in range(dy.shape[2]):
            for w in range(dy.shape[3]):
                window = dx[:, :, h * stride : h * stride + size, w * stride : w * stride + size]
                window += shares[:, :, h, w] * dy[:, :, h, w, None, None]
        return dx

    return {"tie_shares": tie_shares, "tie_pool_backward": tie_pool_backward}


def ends(shares, winners):
    shares[winners[0]] = 0.5
    shares[winners[-1]] = 0.5


def root(shares, winners):
    shares[winners] = max(len(winners), 2) ** -0.5


def middle(shares, winners):
    shares[winners[len(winners) // 2]] = 1 / max(3 - len(winners), 1)


VARIANTS_OF = {"q5": {"ends": answers(ends), "root": answers(root), "middle": answers(middle)}}
