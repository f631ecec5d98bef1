from django.contrib.admin.apps import AdminConfig


class DeskConfig(AdminConfig):
    """Django's admin, with the desk as its one site."""

    default_site = "common.admin.DeskSite"
