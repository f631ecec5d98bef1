"""One address a client, however it is written."""

import pytest

from portal.network import UNKNOWN, canonical, client_address, client_ip


@pytest.mark.parametrize(
    ("written", "address"),
    [
        ("203.0.113.8", "203.0.113.8"),
        ("203.0.113.8:50001", "203.0.113.8"),
        (" 203.0.113.8:1 ", "203.0.113.8"),
        ('"203.0.113.8:50001"', "203.0.113.8"),
        ("::ffff:203.0.113.8", "203.0.113.8"),
        ("[::ffff:203.0.113.8]:443", "203.0.113.8"),
        ("::ffff:cb00:7108", "203.0.113.8"),
        ("2001:db8::1", "2001:db8::"),
        ("2001:0DB8:0:0:ffff::7", "2001:db8::"),
        ("[2001:db8::1]", "2001:db8::"),
        ("[2001:db8::1]:443", "2001:db8::"),
        ('"[2001:db8:1:2:3:4:5:6]:443"', "2001:db8:1:2::"),
        ("fe80::1%eth0", "fe80::"),
        ("[fe80::1%25eth0]:80", "fe80::"),
        ("2001:db8:0:1::1", "2001:db8:0:1::"),
        ("", ""),
        ("unknown", ""),
        ("203.0.113", ""),
        ("203.0.113.256", ""),
        ("203.0.113.08", ""),
        ("203.0.113.8:", ""),
        ("203.0.113.8:port", ""),
        ("[203.0.113.8", ""),
        ("2001:db8::1]:443", ""),
        ("٢٠٣.0.113.8", ""),
        ("1" * 100_000, ""),
        ("\x00", ""),
    ],
)
def test_canonical_has_one_spelling_and_knows_what_is_none(written: str, address: str) -> None:
    assert canonical(written) == address


@pytest.mark.parametrize(
    ("proxies", "forwarded", "address"),
    [
        (0, "203.0.113.8", "192.0.2.1"),
        (1, None, "192.0.2.1"),
        (1, "203.0.113.8", "203.0.113.8"),
        (1, "203.0.113.8:50001", "203.0.113.8"),
        (1, "10.0.0.1, 203.0.113.8:50002", "203.0.113.8"),
        (1, "203.0.113.8, nonsense", "192.0.2.1"),
        (1, "203.0.113.8,", "192.0.2.1"),
        (1, "spoofed" * 100_000 + ", 203.0.113.8", "203.0.113.8"),
        (1, "," * 100_000 + "203.0.113.8", "203.0.113.8"),
        (1, "1" * 100_000, "192.0.2.1"),
        (2, "198.51.100.1, 203.0.113.8, 192.0.2.7", "203.0.113.8"),
        (2, "[2001:db8::5]:443, 192.0.2.7", "2001:db8::"),
        (2, "203.0.113.8", "192.0.2.1"),
        (10, "203.0.113.8", "192.0.2.1"),
    ],
)
def test_only_what_our_proxies_wrote_counts(settings, proxies: int, forwarded: str | None, address: str) -> None:
    settings.TRUSTED_PROXIES = proxies
    environ = {"REMOTE_ADDR": "192.0.2.1"} | ({} if forwarded is None else {"HTTP_X_FORWARDED_FOR": forwarded})
    assert client_address(environ) == address


def test_peer_that_cannot_be_read_is_counted_as_nobody(settings, rf) -> None:
    settings.TRUSTED_PROXIES = 0
    assert client_address({}) == UNKNOWN
    assert client_ip(rf.get("/", REMOTE_ADDR="")) == UNKNOWN
    assert client_ip(rf.get("/", REMOTE_ADDR="2001:db8::9")) == "2001:db8::"


def test_ports_and_neighbours_use_up_one_limit(settings, client, db) -> None:
    from registration import throttle

    settings.TRUSTED_PROXIES = 1
    settings.RATE_LIMITS = {**settings.RATE_LIMITS, "track": "3/minute"}
    throttle._limit.cache_clear()
    for addresses in (
        [f"203.0.113.8:{50_000 + n}" for n in range(4)],
        [f"[2001:db8::{n:x}]:443" for n in range(4)],
        [f"10.9.8.{n}, 203.0.113.9" for n in range(4)],
    ):
        answers = [client.post("/tra-cuu/", headers={"x-forwarded-for": each}).status_code for each in addresses]
        assert answers == [422, 422, 422, 429]
    throttle._limit.cache_clear()
