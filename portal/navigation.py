"""The side menu of the staff desk: what this person may open, and nothing else."""

from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _


def sidebar(request: HttpRequest) -> list[dict[str, Any]]:
    """Groups of links, as the admin theme wants them (settings.UNFOLD["SIDEBAR"])."""
    user, is_superuser = request.user, bool(request.user.is_superuser)
    sees_declarations = user.has_perm("registration.view_declaration")
    desk = [
        _link("registration_declaration", _("Declarations"), "inbox", sees_declarations),
        _link("agencies_agency", _("Agencies"), "account_balance", user.has_perm("agencies.view_agency")),
    ]
    system = [
        _link("accounts_user", _("Users"), "person", is_superuser),
        _link("accounts_lockedaccount", _("Locked accounts"), "lock", user.has_perm("accounts.unlock_account")),
        _link("auth_group", _("Groups"), "group", is_superuser),
        _link("agencies_staffmember", _("Who works where"), "badge", is_superuser),
        _link("notifications_message", _("Messages"), "sms", is_superuser),
        _link("post_office_email", _("E-mail notices"), "mail", is_superuser),
    ]
    groups: list[dict[str, Any]] = [
        {"title": "", "items": [link for link in desk if link]},
        {"title": _("Management"), "separator": True, "items": [link for link in system if link]},
    ]
    return [group for group in groups if group["items"]]


def _link(model: str, title: str, icon: str, is_allowed: bool) -> dict[str, str] | None:
    if not is_allowed:
        return None
    return {"title": title, "icon": icon, "link": reverse(f"admin:{model}_changelist")}
