"""References: unguessable, readable aloud, and a slip of the finger is caught."""

import random
import time

import pytest

from registration.references import (
    ALPHABET,
    Scan,
    check_symbol,
    format_reference,
    make_reference,
    parse_reference,
    parse_scan,
    possible_scans,
    scan_text,
)
from tests.registration.telex import typed_in_telex


def test_reference_survives_formatting_and_careless_typing() -> None:
    reference = make_reference()
    shown = format_reference(reference)
    assert len(shown) == 11
    assert parse_reference(shown) == reference
    assert parse_reference(f"  {shown.lower().replace('-', ' . ')} ") == reference


def test_reference_reads_look_alike_letters_as_digits() -> None:
    reference = next(r for r in iter(make_reference, None) if "0" in r and "1" in r)
    assert parse_reference(reference.replace("0", "O").replace("1", "l")) == reference


def test_reference_check_catches_every_single_slip_and_every_swap() -> None:
    reference = make_reference()
    for place, symbol in enumerate(reference):
        for other in ALPHABET.replace(symbol, ""):
            assert parse_reference(reference[:place] + other + reference[place + 1 :]) is None
    for place in range(len(reference) - 1):
        a, b = reference[place], reference[place + 1]
        if a != b:
            assert parse_reference(reference[:place] + b + a + reference[place + 2 :]) is None


@pytest.mark.parametrize("text", ["", "7K3Q", "7K3Q-9M2D-X-Y", "ăâđê-ôơưy-z", "７Ｋ３Ｑ９Ｍ２ＤＸ", "7K3Q9M2DU"])
def test_reference_refuses_what_cannot_be_one(text: str) -> None:
    assert parse_reference(text) is None


def test_references_use_all_forty_bits() -> None:
    made = [make_reference() for _ in range(2000)]
    assert len(set(made)) == 2000
    for place in range(8):
        assert {reference[place] for reference in made} == set(ALPHABET)


# -- What scanners read and people type ------------------------------------------------------------
DASHES = "-\u2010\u2011\u2012\u2013\u2014\u2015\u2212. _·/"


@pytest.mark.parametrize(
    ("text", "version", "page"),
    [
        ("F9299MT66", None, None), ("F929-9MT6-6", None, None), ("F9299MT66-2", 2, None), ("F9299MT66-2-1", 2, 1),
        ("f929-9mt6-6-2", 2, None), ("F929 9MT6 6 2", 2, None), ("F929.9MT6.6.12.3", 12, 3),
        ("(F929-9MT6-6)", None, None),
        (" F9299MT66-32767-9999 ", 32767, 9999), ("http://127.0.0.1:8000/q/F929-9MT6-6/", None, None),
        ("https://dangky.example.vn/q/F929-9MT6-6-2/", 2, None), ("HTTPS://DANGKY.EXAMPLE.VN/Q/F929-9MT6-6-2", 2, None),
        ("dangky.example.vn/q/f929-9mt6-6-2-1/?utm=x#y", 2, 1),
    ],
)  # fmt: skip
def test_everything_on_the_paper_is_understood(text: str, version: int | None, page: int | None) -> None:
    assert parse_scan(text) == Scan("F9299MT66", version, page)


@pytest.mark.parametrize("dash", DASHES)
def test_any_dash_and_stop_divides(dash: str) -> None:
    assert parse_scan(dash.join(("F929", "9MT6", "6", "2", "1"))) == Scan("F9299MT66", 2, 1)


@pytest.mark.parametrize(
    "text",
    ["F9299MT662", "F9299MT66-0", "F9299MT66-99999", "F9299MT66-2-0", "F9299MT66-2-1-3", "F9299MT66-X", "F9299MT67-2",
     "A" * 301, "Ậ" * 300, "F9299MT66-\u0662", "https://example.vn/q/", "-" * 300],
)  # fmt: skip
def test_what_only_looks_like_a_code_is_refused(text: str) -> None:
    assert parse_scan(text) is None


def test_telex_examples_are_read_back() -> None:
    for symbols in ("AW7DD3EE", "AA7WS3YJ", "DAD5EF80", "WAKS7E7E"):
        reference = symbols + check_symbol(symbols)
        for reaches_back in (False, True):
            for text in (scan_text(reference, 2, 1), f"https://x.vn/q/{format_reference(reference)}-2-1/"):
                typed = typed_in_telex(text.upper(), reaches_back=reaches_back)
                assert typed != text.upper()
                assert Scan(reference, 2, 1) in possible_scans(typed), typed
                assert Scan(reference, 2, 1) in possible_scans(typed.lower()), typed


@pytest.mark.parametrize(("reaches_back", "share"), [(False, 0.97), (True, 0.93)])
def test_most_references_survive_telex_the_rest_are_refused(reaches_back: bool, share: float) -> None:
    """Where a letter is lost without a trace (two tones in a word), nothing can tell which."""
    dice = random.Random(7)
    right = 0
    for _ in range(3000):
        symbols = "".join(dice.choice(ALPHABET) for _ in range(8))
        reference = symbols + check_symbol(symbols)
        typed = typed_in_telex(scan_text(reference, 1, 1), reaches_back=reaches_back)
        right += parse_scan(typed) == Scan(reference, 1, 1)
    assert right >= share * 3000


@pytest.mark.parametrize("text", ["ậậaaa-ậậaaa", "ậậa ậậa ậậa", "ậ9" * 9, "ẫw" * 9, "đ" * 18, "ậậaaa" * 3])
def test_text_made_to_have_many_readings_takes_no_time(text: str) -> None:
    began = time.process_time()
    possible_scans(text)
    assert time.process_time() - began < 0.5
