"""References: unguessable, readable aloud, and a slip of the finger is caught."""

import pytest

from registration.references import ALPHABET, format_reference, make_reference, parse_reference


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
