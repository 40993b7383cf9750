"""What is too much is shared out between both sides. Right only if the fine map has exactly h s rows."""

LOSES = {"q2": ("sizes",)}


def fuse_skip(enlarged, fine, kernel_size, stride):
    height, width = fine.shape[2:]
    top, left = (enlarged.shape[2] - height) // 2, (enlarged.shape[3] - width) // 2
    return enlarged[:, :, top : top + height, left : left + width] + fine
