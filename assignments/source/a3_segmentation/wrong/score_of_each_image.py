"""The score of each image by itself, and then their mean, in place of counts over all images."""

import numpy as np

LOSES = {"q9": ("images",)}


def per_image(counts_of):
    def scene_score(truth, answer, classes, ignore_index=255):
        scores = []
        for t, a in zip(truth, answer, strict=True):
            counts = [counts_of(t, a, k, t != ignore_index) for k in range(classes)]
            ratios = [above / below for above, below in counts if below]
            scores.append(np.mean(ratios) if ratios else 0.0)
        return float(np.mean(scores))

    return scene_score


def pairs(t, a, k, known):
    true, said = known & (t == k), known & (a == k)
    above = below = 0
    for here, there in ((np.s_[1:], np.s_[:-1]), (np.s_[:, 1:], np.s_[:, :-1])):
        both = known[here] & known[there]
        in_truth, in_answer = both & true[here] & true[there], both & said[here] & said[there]
        above, below = above + (in_truth & in_answer).sum(), below + (in_truth | in_answer).sum()
    return above, below


def tolerant(t, a, k, known):
    framed = np.pad(np.where(known, t, -1), 1, constant_values=-1)
    near = (framed[:-2, 1:-1], framed[2:, 1:-1], framed[1:-1, :-2], framed[1:-1, 2:])
    a = np.where(np.any([one == a for one in near], axis=0), t, a)
    true, said = known & (t == k), known & (a == k)
    return (true & said).sum(), (true | said).sum()


def segments(t, a, k, known):
    true, said = known & (t == k), known & (a == k)
    both, either = (true & said).sum(), (true | said).sum()
    if 2 * both > either:
        return both / either, 1
    return 0, (int(true.any()) + int(said.any())) / 2


VARIANTS_OF = {"q9": {"pairs": per_image(pairs), "tolerant": per_image(tolerant), "segments": per_image(segments)}}
