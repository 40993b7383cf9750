"""The class losses too are averaged over the images with an object: nobody learns what an empty picture looks like."""

LOSES = {"q6": ("objects", "nothing")}


def multi_task_loss(class_losses, box_losses, labels, weight):
    objects = labels > 0
    count = max(objects.sum(), 1)
    total = class_losses[objects].sum() / count + weight * box_losses[objects].sum() / count
    return total, objects / count, weight * objects / count
