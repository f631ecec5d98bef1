from django import template

from notifications.phones import national_form

register = template.Library()


@register.filter
def national_phone(phone: str) -> str:
    """`+84912345678` as `0912 345 678`."""
    return national_form(phone)
