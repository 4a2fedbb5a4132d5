"""One picture file: what its header says, and its pixels as bytes.

Pillow reads it. What would lose something in silence is refused: more than 8 bits per channel, several frames, inks. Turned
as its EXIF orientation says, as viewers show it; where it is transparent, white shows through. Only the formats named here
are opened, since Pillow hands some others to programs outside.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from bnlab.data.dataset import Size

if TYPE_CHECKING:
    from PIL import Image

FORMATS = ("PNG", "JPEG", "BMP", "GIF", "TIFF", "WEBP", "PPM")
PLUGINS = ("Png", "Jpeg", "Bmp", "Gif", "Tiff", "WebP", "Ppm")
"""Pillow's modules for the formats. They register themselves on import; else Pillow imports all it has."""
SUFFIXES = frozenset(
    (
        *(".png", ".jpg", ".jpeg", ".jpe", ".jfif", ".bmp", ".dib", ".gif", ".tif", ".tiff", ".webp", ".ppm", ".pgm"),
        *(
            ".pbm",
            ".pnm",
            ".heic",
            ".heif",
            ".avif",
            ".jp2",
            ".ico",
            ".tga",
            ".psd",
            ".svg",
            ".eps",
            ".dng",
            ".cr2",
            ".nef",
        ),
    )
)
"""How the names of pictures end, those included that can't be read: they are named then."""
GREY_MODES, OTHER_MODES = ("1", "L", "LA", "La"), ("P", "PA", "RGB", "RGBA", "RGBa", "RGBX")
SCALED = 4
"""A JPEG is decoded at an eighth, a quarter or half of its size, if that is still so many times the size asked for."""
ORIENTATION = 0x0112
IMAGE_WIDTH, IMAGE_LENGTH = 256, 257
TURNED = range(5, 9)
"""The orientations that exchange height and width."""


class BadPictureError(Exception):
    """A file that isn't a picture that can be taken as it is; says why."""


@dataclass(frozen=True)
class Header:
    """A picture's size, turned as its orientation says; whether it is grey; whether it may be transparent."""

    size: Size
    grey: bool
    alpha: bool


def read_header(path: Path) -> Header:
    """What there is to know without decoding the picture. Raises BadPictureError."""
    with _opened(path) as picture:
        width, height = _stored_size(picture)
        size = (width, height) if _orientation(picture) in TURNED else (height, width)
        grey = picture.mode in GREY_MODES or (picture.mode in ("P", "PA") and _has_grey_palette(picture))
        return Header(size, grey, picture.has_transparency_data)


def read_pixels(path: Path, grey: bool, size: Size | None) -> NDArray[np.uint8]:
    """The picture's bytes, (1, H, W) if grey and else (3, H, W), in this size if one is given. Raises BadPictureError."""
    with _opened(path) as picture:
        orientation = 1 if picture.format == "TIFF" else _orientation(picture)  # Pillow turns these itself
        if size:
            picture.draft(None, (SCALED * max(size), SCALED * max(size)))
        return pixels(_turned(_flat(picture, grey), orientation), size)


def pixels(picture: Image.Image, size: Size | None) -> NDArray[np.uint8]:
    """The bytes of a picture of mode L or RGB, (C, H, W), stretched to this size by Pillow's BILINEAR filter, which takes
    the mean over all pixels that become one."""
    from PIL.Image import Resampling

    if size and picture.size != size[::-1]:
        picture = picture.resize(size[::-1], Resampling.BILINEAR)
    found = np.asarray(picture, np.uint8)
    return found[None] if found.ndim == 2 else np.ascontiguousarray(found.transpose(2, 0, 1))


@contextmanager
def _opened(path: Path) -> Iterator[Image.Image]:
    """The picture, its pixels not decoded yet; whatever goes wrong with it is a BadPictureError."""
    from PIL import Image, UnidentifiedImageError

    for plugin in PLUGINS:
        import_module(f"PIL.{plugin}ImagePlugin")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # on EXIF data and the like, which isn't needed
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            formats = [name for name in FORMATS if name in Image.OPEN]
            # An open file, not its name: by that Pillow 13 maps TIFFs into memory, and mixes up the pixels of turned ones.
            with path.open("rb") as file, Image.open(file, formats=formats) as picture:
                _check(picture)
                yield picture
    except BadPictureError:
        raise
    except (Image.DecompressionBombWarning, Image.DecompressionBombError) as error:
        most = f"{Image.MAX_IMAGE_PIXELS:,}" if Image.MAX_IMAGE_PIXELS else "so many"
        raise BadPictureError(f"announces more pixels than the {most} that are read: make it smaller") from error
    except UnidentifiedImageError as error:
        raise BadPictureError(f"{_unknown(path)}; a picture must be one of {', '.join(FORMATS)}") from error
    except MemoryError as error:
        raise BadPictureError("is too large for the memory there is: make it smaller") from error
    except OSError as error:
        raise BadPictureError(f"cannot be read: {_plain(error.strerror or error)}") from error
    except Exception as error:  # a damaged picture can raise nearly anything
        raise BadPictureError(f"is damaged: {_plain(error)}") from error


def _unknown(path: Path) -> str:
    return "is empty" if path.stat().st_size == 0 else "is not a picture, or of a format that isn't read"


def _plain(error: object) -> str:
    """The words of a library, made safe for an error of one line."""
    return " ".join(ascii(str(error))[1:-1].split())[:120] or type(error).__name__


def _check(picture: Any) -> None:
    """Raises BadPictureError for what would lose something in silence."""
    frames = 1 if picture.format == "MPO" else getattr(picture, "n_frames", 1)  # an MPO's others are previews of the first
    if frames > 1:
        raise BadPictureError(f"has {frames} frames: save the one that counts")
    if _has_more_than_8_bits(picture):
        raise BadPictureError("has more than 8 bits per channel: save it with 8")
    if picture.mode not in GREY_MODES + OTHER_MODES:
        raise BadPictureError(f"has the colours {picture.mode}: save it as RGB or grey")


def _has_more_than_8_bits(picture: Any) -> bool:
    """Pillow reads some of these as if they had 8, so their modes don't tell."""
    details = [item for tile in picture.tile for item in (tile[3] if isinstance(tile[3], tuple) else (tile[3],))]
    deep = any(";16" in item if isinstance(item, str) else False for item in details)
    of_ppm = picture.format == "PPM" and any(isinstance(item, int) and item > 255 for item in details)
    return picture.mode[0] in "IF" or deep or of_ppm


def _orientation(picture: Image.Image) -> int:
    """From 1, as it is, to 8. Only what stands before a PNG's pixels counts: the rest would have to be decoded first."""
    if picture.format == "PNG" and "exif" not in picture.info:
        return 1
    found = picture.getexif().get(ORIENTATION, 1)
    return found if found in range(1, 9) else 1


def _stored_size(picture: Any) -> tuple[int, int]:
    """Width and height before the picture is turned."""
    if picture.format == "TIFF":
        return picture.tag_v2[IMAGE_WIDTH], picture.tag_v2[IMAGE_LENGTH]
    return picture.width, picture.height


def _turned(picture: Image.Image, orientation: int) -> Image.Image:
    from PIL.Image import Transpose as To

    ways = (To.FLIP_LEFT_RIGHT, To.ROTATE_180, To.FLIP_TOP_BOTTOM, To.TRANSPOSE, To.ROTATE_270, To.TRANSVERSE, To.ROTATE_90)
    return picture if orientation == 1 else picture.transpose(ways[orientation - 2])


def _has_grey_palette(picture: Image.Image) -> bool:
    entries = np.array(picture.getpalette("RGB") or [], np.uint8).reshape(-1, 3)
    return bool((entries == entries[:, :1]).all())


def _flat(picture: Image.Image, grey: bool) -> Image.Image:
    """The picture as L or RGB, on white where it is transparent."""
    from PIL import Image

    if picture.has_transparency_data:
        whole = picture.convert("RGBA")
        picture = Image.alpha_composite(Image.new("RGBA", whole.size, "white"), whole)
    return picture.convert("RGB").convert("L") if grey else picture.convert("RGB")
