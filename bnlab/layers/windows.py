"""The windows that convolution and pooling slide over an image: how many there are, and one pixel of each of them.

A kernel of HH x WW pixels has HH · WW offsets. The pixels at one offset in all windows are a strided view of the images,
shaped like the output. So a loop over the offsets serves all images, channels and output pixels at once.
"""

from __future__ import annotations

from bnlab.layers.types import Array


def output_size(size: int, kernel: int, stride: int, pad: int, name: str) -> int:
    """`1 + (size + 2 pad - kernel) // stride`, for the height or the width; the pixels that remain at the end are left out.

    name: the side's name, for the error. Raises ValueError if the kernel is larger than the padded image.
    """
    padded = size + 2 * pad
    if kernel > padded:
        raise ValueError(
            f"a kernel of {name} {kernel} doesn't fit an image of {name} {size} with pad {pad}: "
            f"{size} + 2 * {pad} = {padded}, and {kernel} > {padded}; "
            f"give a smaller kernel or larger images, padding included"
        )
    return 1 + (padded - kernel) // stride


def pixels_at(i: int, j: int, images: Array, stride: int, out_size: tuple[int, int]) -> Array:
    """The pixels (N, C, H', W') at offset (i, j) in all windows. It is a view: writing to it writes to images.

    images: (N, C, H, W), padded. out_size: (H', W').
    """
    height, width = (1 + (number - 1) * stride for number in out_size)
    return images[:, :, i : i + height : stride, j : j + width : stride]
