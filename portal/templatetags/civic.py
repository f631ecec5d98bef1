"""What the public pages' templates cannot say by themselves."""

from django import template

register = template.Library()


@register.filter
def before(label: object, message: object) -> str:
    """`label` as it stands before `message`: with a colon; nothing where the message begins with it anyway."""
    return "" if str(message).casefold().startswith(str(label).casefold()) else f"{label}: "
