"""Is a release what its description gives, bit for bit, and what made two releases different?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from json import loads
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from zipfile import BadZipFile

from hiddenpop.errors import DataError, HiddenpopError, some_of
from hiddenpop.release.attribution import Step, attribute
from hiddenpop.release.content import compare_files, leaves
from hiddenpop.release.kept import changed_files, read_release
from hiddenpop.release.run import Tell, run_analysis
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
    notes : why it cannot be told, and files that are not what was released
    files : files that differ, or that only one has
    """

    before: Mapping[str, Any]
    after: Mapping[str, Any]
    causes: Mapping[str, tuple[str, str]]
    steps: tuple[Step, ...]
    files: tuple[str, ...]
    notes: tuple[str, ...] = ()

    def __str__(self) -> str:
        lines = [f"before: {_line(self.before)}", f"after:  {_line(self.after)}"]
        if not self.files:
            same = () if self.notes else ("The releases are the same, bit for bit.",)
            return "\n".join([*lines, *same, *self.notes])
        lines += [f"{cause}: {one} -> {other}" for cause, (one, other) in self.causes.items()]
        lines += [str(step) for step in self.steps]
        if not self.causes:
            lines.append("Nothing that goes into them differs: the machine or its processors do.")
        return "\n".join([*lines, f"files that differ: {', '.join(self.files)}", *self.notes])


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
    altered = changed_files(folder, told)
    checks = [
        Check("changed-afterwards", name, False, f"{name} is not what was released: it was {how} afterwards.")
        for name, how in altered.items()
    ]
    with TemporaryDirectory() as private:
        again = run_analysis(where, Path(private) / "again", tell=tell)
        new = read_release(again)
        why = _why(told, new)
        for name in dict.fromkeys([*told["files"], *new["files"]]):
            if told["files"].get(name) == new["files"].get(name):
                checks.append(_same_bits(name, altered.get(name, "")))
            elif name in altered:
                message = f"{name}: comes out differently ({why}); the one that was released is not there to compare."
                checks.append(Check("agrees", name, False, message))
            else:
                checks.append(_compare(folder / name, again / name, why))
    return checks


def _why(told: Mapping[str, Any], new: Mapping[str, Any]) -> str:
    """What may make files come out differently."""
    causes = _causes(told, new)
    versions = [name for name in causes if name.startswith("version of ")]
    others = [name for name in causes if name not in versions]
    if others:
        return f"what goes in differs: {some_of(others)}"
    return "versions differ" if versions else "nothing that goes in differs, so it is the machine"


def _same_bits(name: str, altered: str) -> Check:
    if altered:
        message = f"{name}: what was released comes out again, bit for bit; what stands in the folder is not that."
        return Check("same-bits", name, True, message)
    return Check("same-bits", name, True, f"{name}: the same, bit for bit.")


def _compare(old: Path, new: Path, why: str) -> Check:
    """Do two files agree whose bits differ?"""
    name = old.name
    if not (old.is_file() and new.is_file()):
        return Check("agrees", name, False, f"{name}: only one of the two releases has it ({why}).")
    try:
        found = compare_files(old, new)
    except (ValueError, KeyError, OSError, BadZipFile):
        return Check("agrees", name, False, f"{name}: cannot be read, so it cannot be compared ({why}).")
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
    causes = _causes(one, other)
    names = sorted({*one["files"], *other["files"]})
    files = tuple(name for name in names if one["files"].get(name) != other["files"].get(name))
    folders = Path(before), Path(after)
    headlines = _headline(folders[0]), _headline(folders[1])
    steps: tuple[Step, ...] = ()
    notes = [
        f"{folder / name} is not what was released: it was {how} afterwards."
        for folder, told in zip(folders, (one, other), strict=True)
        for name, how in changed_files(folder, told).items()
    ]
    if causes and all(headlines):
        people = headlines[0]["population"], headlines[1]["population"]
        try:
            steps = attribute(folders, (one, other), people)
        except HiddenpopError as error:
            notes.append(f"How far each moves the headline cannot be told. {error}")
    return Difference(*headlines, causes, steps, files, tuple(notes))


def _causes(one: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, tuple[str, str]]:
    """Everything that results depend on and that differs: name -> what it was, and what it is."""
    first, second = (
        {"data": told["data"][:12]}
        | {f"input {name}": digest[:12] for name, digest in told["inputs"].items()}
        | {place.strip("/").replace("/", "."): _said(place, value) for place, value in leaves(told["analysis"])}
        | {f"version of {name}": number for name, number in told["versions"].items()}
        for told in (one, other)
    )
    names = dict.fromkeys([*first, *second])
    return {
        name: (first.get(name, "none"), second.get(name, "none"))
        for name in names
        if first.get(name, "none") != second.get(name, "none")
    }


def _said(place: str, value: Any) -> str:
    if value is None and place == "/estimate/method":
        return "by the rule"
    return "none" if value is None or value in ([], {}, "") else str(value)


def _headline(folder: Path) -> Mapping[str, Any]:
    try:
        headline = loads((folder / REPORT).read_text(encoding="utf-8"))["headline"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DataError(f"{str(folder / REPORT)!r} is gone or broken.", hint="Make the release again.") from error
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
