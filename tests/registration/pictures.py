"""Pictures made for the tests of photos, and the two ways in which they are sent."""

import io
import struct
import zlib

import pillow_heif
import pytest
from PIL import Image, ImageCms

from registration.images import ImageRefused, NormalisedImage, normalise

COLOURS = {"red": (220, 30, 30), "green": (30, 180, 30), "blue": (30, 30, 220), "white": (240, 240, 240)}


def corners(size=(800, 600), mode="RGB"):
    """Red top left, green top right, blue bottom left, white bottom right."""
    image = Image.new("RGB", size)
    half = (size[0] // 2, size[1] // 2)
    for place, colour in zip(((0, 0), (half[0], 0), (0, half[1]), half), COLOURS.values(), strict=True):
        image.paste(colour, (*place, place[0] + half[0], place[1] + half[1]))
    return image if mode == "RGB" else image.convert(mode)


def encoded(image, name, **options):
    file = io.BytesIO()
    if name == "HEIF":
        pillow_heif.from_pillow(image).save(file, **options)
    else:
        image.save(file, name, **options)
    return file.getvalue()


def run(content, kind="id_front") -> NormalisedImage:
    return normalise(io.BytesIO(content), kind)


def stored(content, kind="id_front"):
    return Image.open(io.BytesIO(run(content, kind).content))


def refusal(content, kind="id_front"):
    with pytest.raises(ImageRefused) as caught:
        run(content, kind)
    return caught.value


def colours(image):
    """The names of the four corners' colours, from top left, row by row."""
    width, height = image.size
    spots = [(20, 20), (width - 20, 20), (20, height - 20), (width - 20, height - 20)]
    return [
        min(
            COLOURS,
            key=lambda name: sum(abs(a - b) for a, b in zip(COLOURS[name], image.getpixel(spot), strict=True)),
        )
        for spot in spots
    ]


UPRIGHT = ["red", "green", "blue", "white"]


def secret_exif():
    exif = Image.Exif()
    exif[0x010E] = "SECRET description"
    exif[0x010F] = "SECRET maker"
    exif.get_ifd(0x8825)[2] = (10.0, 46.0, 12.0)
    exif.get_ifd(0x8825)[29] = "SECRET day"
    return exif.tobytes()


def display_p3_like():
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def chunk(name, data):
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
