"""Is a release what its description gives, bit for bit, and what made two releases different?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from json import JSONDecodeError, loads
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hiddenpop.errors import DataError
from hiddenpop.release.run import RELEASE, Tell, run_analysis
from hiddenpop.result import Check

REPORT = "report.json"


@dataclass(frozen=True)
class Difference:
    """Two releases.

    Attributes
    ----------
    before, after : headlines: method, population, low, high, observed
    causes : which of data, method, seed and versions differ, with what they were
    files : files that differ, or that only one has
    """

    before: Mapping[str, Any]
    after: Mapping[str, Any]
    causes: Mapping[str, tuple[str, str]]
    files: tuple[str, ...]

    def __str__(self) -> str:
        lines = [f"before: {_line(self.before)}", f"after:  {_line(self.after)}"]
        if not self.files:
            return "\n".join([*lines, "The releases are the same, bit for bit."])
        lines += [f"{cause}: {one} -> {other}" for cause, (one, other) in self.causes.items()]
        if not self.causes:
            lines.append("Nothing that goes into them differs: the machine or its processors do.")
        return "\n".join([*lines, f"files that differ: {', '.join(self.files)}"])


def verify_release(
    folder: str | Path, description: str | Path | None = None, *, tell: Tell = lambda line: None
) -> list[Check]:
    """Run an analysis again, and say of every file whether it comes out the same, bit for bit.

    Parameters
    ----------
    folder : a release
    description : its TOML file, with its data beside it; where it was when the release was made, if None
    tell : called with a line at every step

    Returns
    -------
    list of Check
        One for each file, and one more for each that was changed or removed afterwards; `passed` is False there, and
        where a file comes out differently.
    """
    folder = Path(folder)
    told = read_release(folder)
    where = Path(description) if description is not None else (folder / told["description"]).resolve()
    checks = []
    for name, digest in told["files"].items():
        now = sha256((folder / name).read_bytes()).hexdigest() if (folder / name).is_file() else ""
        if now != digest:
            message = f"{name} is not what was released: it was {'changed' if now else 'removed'} afterwards."
            checks.append(Check("changed-afterwards", name, False, message))
    with TemporaryDirectory() as private:
        again = run_analysis(where, Path(private) / "again", tell=tell)
        new = read_release(again)
        same_versions = told["versions"] == new["versions"]
        for name in dict.fromkeys([*told["files"], *new["files"]]):
            same = told["files"].get(name) == new["files"].get(name)
            checks.append(_verdict(name, same, told, new, same_versions=same_versions))
    return checks


def _verdict(name: str, same: bool, told: Mapping[str, Any], new: Mapping[str, Any], *, same_versions: bool) -> Check:
    if same:
        return Check("same-bits", name, True, f"{name}: the same, bit for bit.")
    why = "data differ" if told["data"] != new["data"] else "the description differs"
    if told["data"] == new["data"] and told["analysis"] == new["analysis"]:
        why = "versions differ" if not same_versions else "nothing that goes in differs"
    return Check("same-bits", name, False, f"{name}: comes out differently ({why}).")


def diff_releases(before: str | Path, after: str | Path) -> Difference:
    """Compare two releases, and say what made the headline another.

    Parameters
    ----------
    before, after : folders
    """
    one, other = (read_release(Path(folder)) for folder in (before, after))
    first, second = _what_goes_in(one), _what_goes_in(other)
    causes = {name: (value, second[name]) for name, value in first.items() if value != second[name]}
    for library in sorted({*one["versions"], *other["versions"]}):
        old, new = (release["versions"].get(library, "none") for release in (one, other))
        if old != new:
            causes[f"version of {library}"] = old, new
    names = sorted({*one["files"], *other["files"]})
    files = tuple(name for name in names if one["files"].get(name) != other["files"].get(name))
    return Difference(_headline(Path(before)), _headline(Path(after)), causes, files)


def _what_goes_in(release: Mapping[str, Any]) -> dict[str, str]:
    """Everything that the results depend on, apart from versions."""
    asked = release["analysis"]
    return {
        "data": release["data"][:12],
        "selection": str(asked["data"]),
        "method": _method(asked["estimate"]),
        "level": str(asked["estimate"]["level"]),
        "seed": str(asked["estimate"]["seed"]),
        "strata": str(asked["strata"]),
        "trend": str(asked["trend"]),
    }


def _method(asked: Mapping[str, Any]) -> str:
    return f"{asked['method'] or 'by the rule'} {asked['options'] or ''}".strip()


def read_release(folder: Path) -> dict[str, Any]:
    """What a release says of itself.

    Raises
    ------
    DataError
    """
    try:
        found: dict[str, Any] = loads((folder / RELEASE).read_text(encoding="utf-8"))
        if not {"key", "description", "analysis", "data", "versions", "files"} <= set(found):
            raise KeyError(RELEASE)
    except (OSError, JSONDecodeError, KeyError) as error:
        raise DataError(f"{str(folder)!r} is no release.", hint="Give a folder that `hiddenpop run` made.") from error
    return found


def _headline(folder: Path) -> Mapping[str, Any]:
    headline = loads((folder / REPORT).read_text(encoding="utf-8"))["headline"]
    if headline is None:
        return {}
    limits = headline["interval"] or {"low": None, "high": None}
    return {name: headline[name] for name in ("method", "population", "observed")} | {
        name: limits[name] for name in ("low", "high")
    }


def _line(headline: Mapping[str, Any]) -> str:
    if not headline:
        return "no estimate"
    low, high = (f"{headline[end]:,.0f}" if headline[end] is not None else "?" for end in ("low", "high"))
    return f"{headline['population']:,.0f} ({low} to {high}) by {headline['method']}, {headline['observed']:,} known"
