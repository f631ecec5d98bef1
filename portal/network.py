"""Who is asking: one answer for limits, locks and logs."""

import re
from collections.abc import Mapping
from ipaddress import IPv4Address, IPv6Network, ip_address
from typing import Any

from django.conf import settings
from django.http import HttpRequest

# Counted together with every other client whose address cannot be read.
UNKNOWN = "0.0.0.0"  # noqa: S104 (a name for nobody, nothing listens there)
# No address of ours is longer, with brackets, zone and port.
_LONGEST = 100
_WITH_PORT = re.compile(r"\[([^\]]+)\](?::\d+)?|(\d+(?:\.\d+){3}):\d+", re.ASCII)


def client_ip(request: HttpRequest) -> str:
    """The client's address, as our own outermost proxy saw it (see `client_address`)."""
    return client_address(request.META)


def client_address(environ: Mapping[str, Any]) -> str:
    """The client's address in one spelling: IPv4, or the /64 network of an IPv6 one.

    A household or a server is given a whole /64 (RFC 6177), so that counting single IPv6 addresses counts nobody.
    Only the last `TRUSTED_PROXIES` entries of X-Forwarded-For were written by machines of ours; anything before
    them was sent by the client and proves nothing. What cannot be read there gives way to the peer's own address.
    """
    return _forwarded(environ) or canonical(str(environ.get("REMOTE_ADDR", ""))) or UNKNOWN


def canonical(text: str) -> str:
    """`text` without port, brackets, zone and IPv4-mapping, IPv6 as the first address of its /64; "" for no address."""
    text = text[:_LONGEST].strip().strip('"')
    if found := _WITH_PORT.fullmatch(text):
        text = found[1] or found[2]
    try:
        address = ip_address(text.partition("%")[0])
    except ValueError:
        return ""
    if isinstance(address, IPv4Address):
        return str(address)
    if address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return str(IPv6Network((int(address), 64), strict=False).network_address)


def _forwarded(environ: Mapping[str, Any]) -> str:
    proxies: int = settings.TRUSTED_PROXIES
    if not proxies:
        return ""
    # From the end, and no further than needed: the client chooses how long the rest is.
    parts = str(environ.get("HTTP_X_FORWARDED_FOR", "")).rsplit(",", proxies)
    return canonical(parts[-proxies]) if len(parts) >= proxies else ""
