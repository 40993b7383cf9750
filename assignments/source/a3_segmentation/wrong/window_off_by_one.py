"""The window begins one fine cell too late."""

LOSES = {"q2": ("offset", "sizes")}


def fuse_skip(enlarged, fine, kernel_size, stride):
    begin = (kernel_size - stride) // 2 + 1
    height, width = fine.shape[2:]
    return enlarged[:, :, begin : begin + height, begin : begin + width] + fine
