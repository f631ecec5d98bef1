"""Fixed choices of the agency tree."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class Level(models.TextChoices):
    PROVINCE = "province", _("Province office")
    DISTRICT = "district", _("District office")


class Basis(models.TextChoices):
    """How a code is known. It is for those who keep the data and is shown to nobody else."""

    PUBLISHED = "published", _("Published")
    INFERRED = "inferred", _("Inferred")
