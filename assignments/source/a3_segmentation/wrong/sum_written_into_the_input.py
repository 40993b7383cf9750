"""The window is added to the fine scores in place: the result is right, but the input has changed."""

LOSES = {"q2": ("offset", "sizes")}


def fuse_skip(enlarged, fine, kernel_size, stride):
    begin = (kernel_size - stride) // 2
    height, width = fine.shape[2:]
    fine += enlarged[:, :, begin : begin + height, begin : begin + width]
    return fine
