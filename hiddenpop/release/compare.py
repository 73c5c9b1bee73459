"""Is a release what its description gives, bit for bit, and what made two releases different?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from json import JSONDecodeError, loads
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hiddenpop.errors import DataError, some_of
from hiddenpop.release.attribution import Step, attribute
from hiddenpop.release.content import compare_files
from hiddenpop.release.run import RELEASE, Tell, run_analysis
from hiddenpop.result import Check

REPORT = "report.json"
TOLERANCE = 1e-9


@dataclass(frozen=True)
class Difference:
    """Two releases.

    Attributes
    ----------
    before, after : headlines: method, population, low, high, observed
    causes : which of data, method, seed and versions differ, with what they were
    steps : how far data, method and seed, changed one after the other, move the headline; empty where it cannot be told
    files : files that differ, or that only one has
    """

    before: Mapping[str, Any]
    after: Mapping[str, Any]
    causes: Mapping[str, tuple[str, str]]
    steps: tuple[Step, ...]
    files: tuple[str, ...]

    def __str__(self) -> str:
        lines = [f"before: {_line(self.before)}", f"after:  {_line(self.after)}"]
        if not self.files:
            return "\n".join([*lines, "The releases are the same, bit for bit."])
        lines += [f"{cause}: {one} -> {other}" for cause, (one, other) in self.causes.items()]
        lines += [str(step) for step in self.steps]
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
        One for each file: `same-bits`; or `agrees`, which fails if anything differs but the versions that a file names
        and numbers by a billionth of their value. Another machine, other versions of libraries or another number of
        threads may do that. One more, `changed-afterwards`, for each file that was changed or removed; it fails.
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
        for name in dict.fromkeys([*told["files"], *new["files"]]):
            same = told["files"].get(name) == new["files"].get(name)
            checks.append(_same_bits(name) if same else _compare(folder / name, again / name, told, new))
    return checks


def _same_bits(name: str) -> Check:
    return Check("same-bits", name, True, f"{name}: the same, bit for bit.")


def _compare(old: Path, new: Path, told: Mapping[str, Any], fresh: Mapping[str, Any]) -> Check:
    """Do two files agree whose bits differ, and if not, why?"""
    name = old.name
    why = "the description differs"
    if told["analysis"] == fresh["analysis"]:
        why = "data differ" if told["data"] != fresh["data"] else "versions differ"
        if told["data"] == fresh["data"] and told["versions"] == fresh["versions"]:
            why = "nothing that goes in differs, so it is the machine"
    if not (old.is_file() and new.is_file()):
        return Check("agrees", name, False, f"{name}: only one of the two releases has it ({why}).")
    found = compare_files(old, new)
    if found.differ or found.largest > TOLERANCE:
        where = some_of(found.differ) if found.differ else f"numbers, by up to {found.largest:.1g}"
        return Check("agrees", name, False, f"{name}: comes out differently in {where} ({why}).")
    parts = list(found.others)
    parts += [f"last digits of numbers, by up to {found.largest:.0e} of their value"] if found.largest else []
    parts = parts or ["how the same content is packed"]
    return Check("agrees", name, True, f"{name}: agrees; bits differ in {' and '.join(parts)} ({why}).")


def diff_releases(before: str | Path, after: str | Path) -> Difference:
    """Compare two releases, and say what made the headline another.

    Parameters
    ----------
    before, after : folders

    Notes
    -----
    The headline is computed again with the data, the method and the seed of the second release put in place of the
    first one's, in this order; what is left is put down to versions and machine.
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
    headlines = _headline(Path(before)), _headline(Path(after))
    steps: tuple[Step, ...] = ()
    if causes and all(headlines):
        people = headlines[0]["population"], headlines[1]["population"]
        steps = attribute((Path(before), Path(after)), (one, other), people)
    return Difference(*headlines, causes, steps, files)


def _what_goes_in(release: Mapping[str, Any]) -> dict[str, str]:
    """Everything that the results depend on, apart from versions."""
    asked = release["analysis"]
    return {
        "data": release["data"][:12],
        "selection": str(asked["data"]),
        "method": _method(asked["estimate"]),
        "level": str(asked["estimate"]["level"]),
        "seed": str(asked["estimate"]["seed"]),
        "linkage": str(asked["linkage"]),
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
