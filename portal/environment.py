"""The variables of the environment: each is read strictly, and all that are wrong are refused in one message."""

import math
import re
import sys
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NoReturn

from portal.rules import Rule, rate

_TRUE = {"1", "true", "yes", "on"}
_FALSE = {"0", "false", "no", "off"}
_NUMBER = re.compile(r"-?\d{1,9}", re.ASCII)
_DECIMAL = re.compile(r"-?\d{1,9}(\.\d{1,9})?", re.ASCII)
# The exit code that gunicorn takes for "cannot start": with any other it starts the same worker again and again.
REFUSED = 3


def refuse_start(problem: str) -> NoReturn:
    """Ends the program with one message and no traceback. Raises SystemExit."""
    print(f"The portal does not start. {problem}", file=sys.stderr, flush=True)
    raise SystemExit(REFUSED)


class Environment:
    """Readers that note what is wrong and go on with the default, until `refuse_problems` names it all.

    Empty or blank means not set. A `rule` always holds; a `strict` one only with DEBUG off, as does `needed`.
    """

    def __init__(self, values: Mapping[str, str]) -> None:
        self._values = values
        self.problems: dict[str, str] = {}
        self.debug = self.flag("DEBUG", False)

    def note(self, name: str, problem: str) -> None:
        """The first problem of a variable is the one that is told."""
        self.problems.setdefault(name, problem)

    def text(
        self,
        name: str,
        default: str = "",
        *,
        needed: bool = False,
        rule: Rule | None = None,
        strict: Rule | None = None,
    ) -> str:
        """The variable as it is, without the blanks around it."""
        value = self._given(name, needed)
        return value if value and self._keeps(name, [value], rule, strict) else default

    def items(
        self,
        name: str,
        default: str = "",
        *,
        needed: bool = False,
        rule: Rule | None = None,
        strict: Rule | None = None,
    ) -> list[str]:
        """The parts between commas; rules hold for each."""
        items = _items(self._given(name, needed))
        if needed and not items and not self.debug:
            self.note(name, "is not set; it is needed when DEBUG is off")
        return items if items and self._keeps(name, items, rule, strict) else _items(default)

    def flag(self, name: str, default: bool) -> bool:
        value = self._given(name).lower()
        if value and value not in _TRUE | _FALSE:
            self.note(name, f"is {value[:40]!r}; write 1 or 0")
        return value in _TRUE if value in _TRUE | _FALSE else default

    def number(self, name: str, default: int, low: int, high: int) -> int:
        """A whole number from `low` to `high`."""
        value = self._given(name)
        if not value:
            return default
        if _NUMBER.fullmatch(value) and low <= int(value) <= high:
            return int(value)
        self.note(name, f"is {value[:40]!r}; it must be a whole number from {low} to {high}")
        return default

    def seconds(self, name: str, default: float, low: float, high: float) -> float:
        value = self._given(name)
        if not value:
            return default
        if _DECIMAL.fullmatch(value) and math.isfinite(float(value)) and low <= float(value) <= high:
            return float(value)
        self.note(name, f"is {value[:40]!r}; it must be a number of seconds from {low} to {high}")
        return default

    def rates(self, defaults: Mapping[str, str]) -> dict[str, str]:
        """`{"track-reference": "10/hour"}` read from RATE_TRACK_REFERENCE and its like."""
        return {
            scope: self.text(f"RATE_{scope.upper().replace('-', '_')}", default, rule=rate)
            for scope, default in defaults.items()
        }

    def toml(self, name: str) -> dict[str, Any]:
        """The tables of the file that the variable leads to; none when it is not set."""
        path = self._given(name)
        if not path:
            return {}
        try:
            return tomllib.loads(Path(path).read_text(encoding="utf-8"))
        except tomllib.TOMLDecodeError as problem:
            self.note(name, f"{path}: line and column: {problem}")
        except (OSError, ValueError):
            self.note(name, f"{path}: cannot be read")
        return {}

    def folder(self, name: str, default: Path, *, strict: Rule | None = None) -> Path:
        """A folder that is there, or can be made."""
        path = Path(self.text(name, str(default), strict=strict))
        try:
            path.mkdir(parents=True, exist_ok=True)
        except OSError as problem:
            self.note(name, f"{path}: {problem.strerror}")
        return path

    def refuse_problems(self) -> None:
        """Ends the program with every variable that is wrong by name; see `refuse_start`."""
        if self.problems:
            lines = [f"  {name} {problem}." for name, problem in sorted(self.problems.items())]
            refuse_start("\n".join(["README.md, Deploy, explains the settings.", *lines]))

    def _given(self, name: str, needed: bool = False) -> str:
        value = self._values.get(name, "").strip()
        if value[:1] in {"'", '"'} and value[:1] == value[-1:]:
            self.note(name, "has quotes around it; leave them out")
            return ""
        if not value and needed and not self.debug:
            self.note(name, "is not set; it is needed when DEBUG is off")
        return value

    def _keeps(self, name: str, values: list[str], *rules: Rule | None) -> bool:
        """Whether the values keep the rules; the last one is for DEBUG off."""
        holding = [rule for rule in (rules[:-1] if self.debug else rules) if rule is not None]
        problems = [problem for value in values for rule in holding if (problem := rule(value))]
        if problems:
            self.note(name, problems[0])
        return not problems


def _items(value: str) -> list[str]:
    return [item.strip() for item in value.split(",") if item.strip()]
