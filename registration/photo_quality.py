"""Whether a person could recognise what a photo shows: measured on a small grey copy, told as warnings.

Nothing here refuses a photo. The thresholds were found on real photographs (people, objects, printed pages)
and on the drawn ones of `demo_images`, each also darkened, brightened and blurred in steps: they stand
between the sound pictures and the first step at which small print can no longer be read.
"""

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from PIL import Image, ImageChops, ImageDraw, ImageFilter, ImageStat

TOO_DARK = "too_dark"
TOO_BRIGHT = "too_bright"
BLURRED = "blurred"
GLARE = "glare"
SMALL = "small"

QUALITY_TEXTS: dict[str, Promise | str] = {
    TOO_DARK: _("The photo is dark. Take it again in a brighter place, facing the light."),
    TOO_BRIGHT: _("The photo is too bright. Take it again out of direct light, without the flash."),
    BLURRED: _("The photo is blurred. Hold the phone still, tap the screen to focus and take it again."),
    GLARE: _("Light is reflected on the card. Tilt it a little away from the lamp and take it again."),
    SMALL: _("The photo has few pixels and may print badly. Take it from nearer or send the original photo."),
}
# For staff, beside the photo.
QUALITY_WORDS: dict[str, Promise | str] = {
    TOO_DARK: _("dark"),
    TOO_BRIGHT: _("too bright"),
    BLURRED: _("blurred"),
    GLARE: _("glare"),
    SMALL: _("few pixels"),
}

MEASURED_SIDE = 640
# Levels of grey, 0 to 255. A sound photo has something bright in it: the brightest tenth of a daylight
# photograph began at 94 or above, that of one darkened until a face disappears below 70.
DARK_BRIGHTEST_TENTH = 80
# A washed-out photo is light all over: no hair, no print is left. The darkest fiftieth of sound ones ends
# below 110 or their mean below 200, even in scans of white paper; brightened until print fades, neither
# holds.
BRIGHT_MEAN = 215
BRIGHT_DARKEST_FIFTIETH = 120
# Share of fine detail that a second blurring does not take away: sharp photographs 0.19 to 0.46, the same
# blurred by 2 px (of 640) 0.53 to 0.78, by 3 px 0.71 to 0.90. At 3 px the number on a card cannot be read.
BLUR_SHARE = 0.7
# A reflection is pure white, paper and cards never quite; it fills squares of 8 px (of 640), letters and lines
# do not; and it lies inside the picture, where the white lid of a scanner reaches its edge.
GLARE_LEVEL = 252
GLARE_SQUARE = 8
GLARE_SHARE = 0.003
# Short side in pixels: a 3x4 cm print at 300 dots per inch is 354 wide; the smallest print on a card needs
# 600.
SMALL_SIDE = {"portrait": 360, "id_front": 600, "id_back": 600}


def measure_quality(image: Image.Image, kind: str, short_side: int) -> tuple[str, ...]:
    """The warnings for a photo, as codes of `QUALITY_TEXTS` in the order of that table.

    `image` is upright RGB; `kind` one of `PhotoKind`; `short_side` that of the photo as sent, in pixels.
    """
    grey = image.convert("L")
    grey.thumbnail((MEASURED_SIDE, MEASURED_SIDE), Image.Resampling.BOX, reducing_gap=1.0)
    checks = {
        TOO_DARK: _percentile(grey, 0.9) < DARK_BRIGHTEST_TENTH,
        TOO_BRIGHT: _is_washed_out(grey),
        BLURRED: _blur_share(grey) > BLUR_SHARE,
        GLARE: kind != "portrait" and _glare_share(grey) > GLARE_SHARE,
        SMALL: short_side < SMALL_SIDE[kind],
    }
    return tuple(code for code, found in checks.items() if found)


def _percentile(grey: Image.Image, share: float) -> int:
    """The level below which this share of the pixels lies."""
    wanted, seen = share * grey.width * grey.height, 0
    for level, count in enumerate(grey.histogram()):
        seen += count
        if seen >= wanted:
            return level
    return 255


def _is_washed_out(grey: Image.Image) -> bool:
    """Judged without the outer fifths: a light wall or table around the subject is no fault."""
    width, height = grey.size
    middle = grey.crop((width // 5, height // 5, width - width // 5, height - height // 5))
    return ImageStat.Stat(middle).mean[0] > BRIGHT_MEAN and _percentile(middle, 0.02) > BRIGHT_DARKEST_FIFTIETH


def _blur_share(grey: Image.Image) -> float:
    """0 (sharp) to 1: the worse of the two directions, so that a shaken photo counts as blurred too.

    A sharp picture loses most of its differences between neighbours when blurred, a blurred one few (F. Crété
    and others, The Blur Effect, SPIE 2007). Contrast and brightness do not change the result.
    """
    return max(_kept_detail(grey, across=True), _kept_detail(grey, across=False))


def _kept_detail(grey: Image.Image, *, across: bool) -> float:
    line = [1.0 if (at // 5 == 2 if across else at % 5 == 2) else 0.0 for at in range(25)]
    blur = ImageFilter.Kernel((5, 5), line)
    shift = (1, 0) if across else (0, 1)
    blurred = grey.filter(blur).filter(blur)
    detail = ImageChops.difference(grey, ImageChops.offset(grey, *shift))
    left = ImageChops.difference(blurred, ImageChops.offset(blurred, *shift))
    inner = (5, 5, max(6, grey.width - 5), max(6, grey.height - 5))
    total = ImageStat.Stat(detail.crop(inner)).sum[0]
    lost = ImageStat.Stat(ImageChops.subtract(detail, left).crop(inner)).sum[0]
    return 1 - lost / total if total else 1.0


def _glare_share(grey: Image.Image) -> float:
    """The share of the picture under white squares that are not joined to its edge by others."""
    white = grey.point(lambda level: 255 if level >= GLARE_LEVEL else 0)
    squares = white.reduce(GLARE_SQUARE).point(lambda level: 255 if level == 255 else 0)
    if not squares.getbbox():
        return 0.0
    framed = Image.new("L", (squares.width + 2, squares.height + 2), 255)
    framed.paste(squares, (1, 1))
    ImageDraw.floodfill(framed, (0, 0), 0)
    return ImageStat.Stat(framed).sum[0] / 255 / (squares.width * squares.height)
