"""The rows of the heatmaps are reversed, not the columns."""

LOSES = {"q11": ("maps",)}


def flip_maps(maps, pairs):
    out = maps[:, ::-1].copy()
    for one, other in pairs:
        out[[one, other]] = out[[other, one]]
    return out
