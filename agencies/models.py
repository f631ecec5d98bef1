"""Social-insurance offices (BHXH agencies), the tree they stand in, and who works where."""

from typing import ClassVar

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import Count, F, Max, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from agencies.enums import Basis, Level
from agencies.validators import has_cycle, level_problem, parent_problem, validate_code
from common.days import VIETNAM


class AgencyQuerySet(models.QuerySet["Agency"]):
    def current(self) -> "AgencyQuerySet":
        """Offices valid today, by the calendar of Vietnam. Both ends of the period belong to it."""
        today = timezone.localdate(timezone=VIETNAM)
        started = Q(valid_from__isnull=True) | Q(valid_from__lte=today)
        return self.filter(started, Q(valid_until__isnull=True) | Q(valid_until__gte=today))

    def within(self, agency: "Agency") -> "AgencyQuerySet":
        """`agency` and all below it, and every office that it took over, near or far, with all below that.

        Costs one small query at once (the offices that have a successor); the rest is lazy.
        """
        links = self.model._default_manager.using(self.db).filter(successor__isnull=False)
        prefixes = _closure(agency.path, list(links.values_list("path", "successor__path")))
        condition = Q()
        for prefix in prefixes:
            condition |= Q(path__startswith=prefix)
        return self.filter(condition)

    def version(self) -> str:
        """A cheap stamp that changes whenever a saved office, or the day in Vietnam, changes."""
        state = self.aggregate(changed=Max("updated_at"), number=Count("pk"))
        return f"{state['number']}|{state['changed']}|{timezone.localdate(timezone=VIETNAM)}"


def _closure(path: str, links: list[tuple[str, str]]) -> list[str]:
    """`path` and the paths of all predecessors, near and far, leaving out what another one covers."""
    prefixes = [path]
    grown = True
    while grown:
        grown = False
        for old, new in links:
            if new.startswith(tuple(prefixes)) and not old.startswith(tuple(prefixes)):
                prefixes.append(old)
                grown = True
    return prefixes


class Agency(models.Model):
    """One office. `path` and `search_key` are kept by `agencies.services`: save through it."""

    code = models.CharField(_("code"), max_length=5, unique=True, validators=[validate_code])
    name = models.CharField(_("name"), max_length=120)
    parent = models.ForeignKey(
        "self",
        verbose_name=_("office above"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="children",
    )
    level = models.CharField(_("level"), max_length=8, choices=Level.choices)
    basis = models.CharField(_("basis of the code"), max_length=9, choices=Basis.choices, blank=True)
    # "079/07911/": the codes from the top down. On PostgreSQL db_index also makes an index for prefixes.
    path = models.CharField(_("path"), max_length=30, db_index=True, editable=False)
    search_key = models.CharField(max_length=200, editable=False)
    valid_from = models.DateField(_("valid from"), null=True, blank=True)
    valid_until = models.DateField(
        _("valid until"), null=True, blank=True, help_text=_("The last day. Empty: still valid.")
    )
    successor = models.ForeignKey(
        "self",
        verbose_name=_("successor"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="predecessors",
        help_text=_("The office that took over the work of this one."),
    )
    address = models.CharField(_("address"), max_length=250, blank=True)
    phone = models.CharField(
        _("telephone"),
        max_length=60,
        blank=True,
        help_text=_("Several numbers are split by commas."),
        validators=[
            RegexValidator(r"^[0-9+().,;/\- ]*$", _("Write digits only, with spaces, dots or dashes between them."))
        ],
    )
    email = models.EmailField(_("email"), blank=True)
    opening_hours = models.CharField(_("opening hours"), max_length=200, blank=True)
    note = models.TextField(_("note for citizens"), max_length=1000, blank=True)
    updated_at = models.DateTimeField(_("changed"), auto_now=True)

    objects: ClassVar = AgencyQuerySet.as_manager()

    class Meta:
        verbose_name = _("agency")
        verbose_name_plural = _("agencies")
        ordering = ["path"]
        constraints = [
            models.CheckConstraint(
                condition=Q(valid_until__gte=F("valid_from")),
                name="agency_period_in_order",
                violation_error_message=_("The last day must not be before the first."),
            ),
        ]

    def __str__(self) -> str:
        return self.label

    @property
    def label(self) -> str:
        """As the paper form shows it: "[07911] BHXH Quận 3"."""
        return f"[{self.code}] {self.name}"

    def clean(self) -> None:
        super().clean()
        problem = level_problem(self.code, self.level) or parent_problem(
            self.level, self.parent.level if self.parent else None
        )
        if problem:
            raise ValidationError(problem)
        if self.successor:
            self._check_successor(self.successor)

    def _check_successor(self, successor: "Agency") -> None:
        saved = Agency.objects.filter(successor__isnull=False).values_list("code", "successor__code")
        if has_cycle(self.code, {**dict(saved), self.code: successor.code}):
            raise ValidationError({"successor": _("The line of successors must not come back to this office.")})


class StaffMember(models.Model):
    """A person of the staff desk and the office they work for."""

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL,
        verbose_name=_("user"),
        on_delete=models.CASCADE,
        related_name="staff_member",
    )
    agency = models.ForeignKey(Agency, verbose_name=_("agency"), on_delete=models.PROTECT, related_name="staff_members")

    class Meta:
        verbose_name = _("staff member")
        verbose_name_plural = _("staff members")
        ordering = ["agency__path", "user"]

    def __str__(self) -> str:
        return f"{self.user} · {self.agency}"
