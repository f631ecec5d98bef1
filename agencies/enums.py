"""Fixed choices of the agency tree."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class Level(models.TextChoices):
    PROVINCE = "province", _("Province office")
    DISTRICT = "district", _("District office")


class Surprise(models.TextChoices):
    """What in an import is refused until somebody has confirmed it. The values are what `--accept` takes."""

    ENCODING = "encoding", _("Text that seems to be in another encoding")
    RECODED = "recoded", _("A known name under another code")
    DEMOTED = "demoted", _("A province that becomes a district")
    MOVED = "moved", _("Another office above")
    RENAMED = "renamed", _("Many names changed at once")
    ENDED = "ended", _("Many offices ended at once")
    VANISHED = "vanished", _("Known offices that the list leaves out: they stay as they are")


class Basis(models.TextChoices):
    """How a code is known. It is for those who keep the data and is shown to nobody else."""

    PUBLISHED = "published", _("Published")
    INFERRED = "inferred", _("Inferred")
