"""What groups of staff may do. Group names are Vietnamese in every language: administrators read them."""

from accounts.services import set_group_permissions

RECEPTION = "Cán bộ tiếp nhận"
LOOKUP = "Cán bộ tra cứu"

ROLES: dict[str, list[str]] = {
    RECEPTION: [
        "registration.view_declaration",
        "registration.receive_declaration",
        "registration.approve_declaration",
        "registration.return_declaration",
        "registration.reject_declaration",
        "registration.reopen_declaration",
        "registration.resend_declaration",
        "agencies.view_agency",
        "agencies.change_agency",
    ],
    LOOKUP: ["registration.view_declaration"],
}


def set_up_roles() -> None:
    """Make the groups, or give those that are there exactly these permissions. Their members stay."""
    for name, permissions in ROLES.items():
        set_group_permissions(name, permissions)
