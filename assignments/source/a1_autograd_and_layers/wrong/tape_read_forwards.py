"""The tape is read from its beginning: entries hand on their gradient before they have received it."""

LOSES = {"q1": ("chain", "twice", "unused")}


def tape_backward(tape, values, result):
    gradients = dict.fromkeys(values, 0.0)
    gradients[result] = 1.0
    for operation, name, sources in tape:
        gradient = gradients[name]
        if operation == "exp":
            gradients[sources[0]] += gradient * values[name]
            continue
        left, right = sources
        if operation == "multiply":
            of_left, of_right = gradient * values[right], gradient * values[left]
        else:
            of_left, of_right = gradient, gradient if operation == "add" else -gradient
        gradients[left] += of_left
        gradients[right] += of_right
    return gradients
