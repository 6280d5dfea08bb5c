# mypy: ignore-errors
"""Lab 1, solved."""


def slope(f, x, h=1e-5):
    return (f(x + h) - f(x - h)) / (2 * h)


def gradient(f, point, h=1e-5):
    slopes = []
    for index, x in enumerate(point):

        def along_one_axis(moved, index=index):
            numbers = list(point)
            numbers[index] = moved
            return f(*numbers)

        slopes.append(slope(along_one_axis, x, h))
    return slopes
