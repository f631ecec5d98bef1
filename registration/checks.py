"""What the program says at start-up when the machine lacks something that Python's packages cannot bring."""

from typing import Any

from django.core.checks import CheckMessage, Error, register

from registration.fonts import FAMILY, PACKAGE, missing_faces


@register()
def check_fonts(**_kwargs: Any) -> list[CheckMessage]:
    """registration.E001: the font of the printed declaration is not complete on this machine."""
    missing = missing_faces()
    if not missing:
        return []
    return [
        Error(
            f"The font of the printed declaration is missing: {FAMILY} ({', '.join(missing)}).",
            hint=f"Install it, for example: apt-get install -y {PACKAGE} fontconfig. Until then no PDF is made.",
            id="registration.E001",
        )
    ]
