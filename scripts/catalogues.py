"""Compiles the translations: `python -m scripts.catalogues`. The `.mo` files are not kept in git."""

from pathlib import Path

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

ROOT = Path(__file__).resolve().parent.parent


def compile_catalogues(locale: Path) -> list[Path]:
    """Compile each `.po` under `locale` that is newer than its `.mo`; the files written.

    Entries marked fuzzy are left out: they are a guess that nobody has read. Raises babel's PoFileError on a
    broken catalogue.
    """
    written = []
    for source in sorted(locale.glob("*/LC_MESSAGES/*.po")):
        target = source.with_suffix(".mo")
        if target.exists() and target.stat().st_mtime >= source.stat().st_mtime:
            continue
        with source.open("rb") as file:
            catalogue = read_po(file, locale=source.parent.parent.name, abort_invalid=True)
        fresh = target.with_suffix(".mo.new")
        with fresh.open("wb") as file:
            write_mo(file, catalogue, use_fuzzy=False)
        # A program that is starting meanwhile reads the old file or the new one, never half.
        fresh.replace(target)
        written.append(target)
    return written


if __name__ == "__main__":
    compile_catalogues(ROOT / "locale")
