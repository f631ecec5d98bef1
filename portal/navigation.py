"""The side menu of the staff desk: what this person may open, and nothing else."""

from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _


def sidebar(request: HttpRequest) -> list[dict[str, Any]]:
    """Groups of links, as the admin theme wants them (settings.UNFOLD["SIDEBAR"])."""
    user = request.user
    desk = [
        _link(_("Declarations"), "inbox", "registration_declaration", user.has_perm("registration.view_declaration")),
        _link(_("Agencies"), "account_balance", "agencies_agency", user.has_perm("agencies.view_agency")),
    ]
    system = [
        _link(_("Users"), "person", "accounts_user", bool(user.is_superuser)),
        _link(_("Groups"), "group", "auth_group", bool(user.is_superuser)),
        _link(_("Who works where"), "badge", "agencies_staffmember", bool(user.is_superuser)),
        _link(_("Messages"), "sms", "notifications_message", bool(user.is_superuser)),
    ]
    groups = [{"title": "", "items": desk}, {"title": _("System"), "separator": True, "items": system}]
    shown = [{**group, "items": [link for link in group["items"] if link]} for group in groups]
    return [group for group in shown if group["items"]]


def _link(title: str, icon: str, model: str, is_allowed: bool) -> dict[str, str] | None:
    return {"title": title, "icon": icon, "link": reverse(f"admin:{model}_changelist")} if is_allowed else None
