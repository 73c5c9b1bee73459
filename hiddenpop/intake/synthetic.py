"""Made-up registers of a population of known size: who was on which list, written down by hurried people."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from hiddenpop.arrays import Counts, Flags
from hiddenpop.design import Design
from hiddenpop.errors import OptionError
from hiddenpop.output import check_target

if TYPE_CHECKING:
    from pandas import DataFrame

LETTERS = np.array(list("abcdefghijklmnopqrstuvwxyz"))
REGIONS = ("north", "east", "south", "west", "capital")
FORMS = ("sexual exploitation", "forced labour", "domestic servitude", "other")
KEY = 'person = "key"'
IDENTITY = """record = "case"
identity = {given = "given", surname = "surname", born = "born", sex = "sex", region = "region"}"""
SEXES = (("F", "M"), ("female", "male"), ("woman", "man"), ("w", "m"), ("Female", "Male"))
YEAR = 365
FIRST_DAY = "2024-01-01"
OLDEST, YOUNGEST = "1964-01-01", 50 * YEAR  # days of birth


@dataclass(frozen=True)
class Flaws:
    """How often something goes wrong with a record, each from 0 to 1.

    Attributes
    ----------
    typo : a letter of a name is changed, left out, doubled or swapped
    spelling : a name is written another way, sometimes in its own script
    swapped : given name and surname change places
    no_birth, wrong_birth : date of birth is missing; day and month change places, or the year is off by one
    no_sex : sex is missing
    repeated : a person is entered twice on the same list
    twins : people who share surname, date of birth and region with another
    rejected, outside : records more, of people who do not belong, and of another year
    """

    typo: float = 0.05
    spelling: float = 0.15
    swapped: float = 0.01
    no_birth: float = 0.05
    wrong_birth: float = 0.02
    no_sex: float = 0.02
    repeated: float = 0.02
    twins: float = 0.005
    rejected: float = 0.03
    outside: float = 0.03

    def __post_init__(self) -> None:
        for field in self.__dataclass_fields__:
            if not 0.0 <= getattr(self, field) <= 0.5:
                raise OptionError(f"{field}={getattr(self, field)} is not between 0 and 0.5.")

    @classmethod
    def none(cls) -> Flaws:
        """Every record as it should be."""
        return cls(**dict.fromkeys(cls.__dataclass_fields__, 0.0))


@dataclass(frozen=True)
class MadeRegisters:
    """Registers whose truth is known.

    Attributes
    ----------
    registers : name of the list -> DataFrame of records: `case, key, given, surname, born, sex, region, exploitation,
        found, status, person`; `key` is the same for the same person, `person` is the truth and no register has it
    people : DataFrame of everybody, on a list or not, one row each
    population : int
    """

    registers: Mapping[str, DataFrame]
    people: DataFrame
    population: int

    def write(self, folder: str | Path, *, key: bool = True) -> Path:
        """Write `NAME.csv` for every list and `intake.toml`, which describes them; the truth stays out.

        Parameters
        ----------
        folder : that exists
        key : False describes them by name, date of birth, sex and region, for `link_registers`, and not by their key

        Returns
        -------
        Path of intake.toml
        """
        target = Path(folder) / "intake.toml"
        check_target(target)
        for name, records in self.registers.items():
            records.drop(columns="person").to_csv(Path(folder) / f"{name}.csv", index=False)
        target.write_text(self._describe(KEY if key else IDENTITY), encoding="utf-8")
        return target

    def faults(self, records: DataFrame) -> tuple[float, float]:
        """Share of true pairs of records that were not linked, and of linked pairs that are of two people.

        Parameters
        ----------
        records : DataFrame of `list, record, person`, as in `LinkedRegisters`
        """
        import pandas as pd

        truth = pd.concat(
            [
                pd.DataFrame({"list": name, "record": one["case"].astype(str), "truth": one["person"]})
                for name, one in self.registers.items()
            ]
        )
        both = records.merge(truth, on=["list", "record"])

        def pairs(*keys: str) -> int:
            sizes = both.groupby(list(keys)).size()
            return int((sizes * (sizes - 1) // 2).sum())

        right = pairs("truth", "person")
        return 1.0 - right / pairs("truth"), 1.0 - right / pairs("person")

    def _describe(self, who: str) -> str:
        parts = [
            'title = "Made-up registers"',
            "period = [2024-01-01, 2024-12-31]",
            'strata = ["sex", "region"]',
            "",
            "[categories.sex]",
            f"female = {sorted({one[0] for one in SEXES} - {'female'})}",
            f"male = {sorted({one[1] for one in SEXES} - {'male'})}",
        ]
        for name in self.registers:
            parts += [
                "",
                "[[registers]]",
                f'list = "{name}"',
                f'source = "{name}.csv"',
                who,
                'date = "found"',
                'status = "status"',
                'columns = {sex = "sex", region = "region"}',
            ]
        return "\n".join([*parts, ""]).replace("'", '"')


def make_registers(
    design: Design, lists: Sequence[str] = ("police", "shelter", "ngo"), *, flaws: Flaws | None = None, seed: int = 0
) -> MadeRegisters:
    """Draw a population, who is on which list, and the records that say so.

    Parameters
    ----------
    design : Design of as many lists as are named
    lists : their names
    flaws : of records; those of `Flaws()` if None
    seed : int

    Examples
    --------
    >>> made = make_registers(Design(population=1000, probabilities=(0.2, 0.3)), ["police", "ngo"], seed=1)
    >>> {name: len(records) for name, records in made.registers.items()}
    {'police': 243, 'ngo': 338}
    """
    import pandas as pd

    if len(lists) != design.n_lists:
        raise OptionError(f"{len(lists)} lists are named, the design has {design.n_lists}.", hint="Name every list.")
    flaws = flaws or Flaws()
    generator = np.random.default_rng(seed)
    people = _people(generator, design.population, flaws)
    cells = design.cells.sum(axis=0)
    history = generator.choice(cells.size, size=design.population, p=cells / cells.sum())
    registers = {}
    for place, name in enumerate(lists):
        on = np.flatnonzero(history >> place & 1)
        registers[name] = _records(generator, people, on, SEXES[place % len(SEXES)], flaws)
    return MadeRegisters(registers, pd.DataFrame({name: people[name] for name in COLUMNS}), design.population)


COLUMNS = ("person", "culture", "given_index", "surname_index", "born", "sex", "region", "exploitation")


@cache
def _names() -> dict[str, dict[str, list[list[str]]]]:
    """Kind of name -> culture -> names, each in all its spellings, the usual one first."""
    return tomllib.loads(Path(__file__).with_name("names.toml").read_text(encoding="utf-8"))


def _people(generator: np.random.Generator, number: int, flaws: Flaws) -> dict[str, Any]:
    """Columns of everybody."""
    names = _names()
    given, surnames = (min(map(len, names[kind].values())) for kind in ("given", "surnames"))
    people = {
        "person": np.arange(number),
        "culture": generator.integers(len(names["given"]), size=number),
        "given_index": generator.integers(given, size=number),
        "second_index": generator.integers(given, size=number),
        "surname_index": generator.integers(surnames, size=number),
        "born": np.datetime64(OLDEST) + generator.integers(YOUNGEST, size=number),
        "sex": generator.choice(2, size=number, p=(0.6, 0.4)),
        "region": generator.choice(REGIONS, size=number, p=(0.15, 0.2, 0.2, 0.15, 0.3)),
        "exploitation": generator.choice(FORMS, size=number, p=(0.5, 0.3, 0.15, 0.05)),
    }
    twins = np.flatnonzero(generator.random(number - 1) < flaws.twins) + 1
    for column in ("culture", "surname_index", "born", "region"):
        people[column][twins] = people[column][twins - 1]
    return people


def _records(
    generator: np.random.Generator, people: Mapping[str, Any], on: Counts, sexes: tuple[str, str], flaws: Flaws
) -> DataFrame:
    """The records of one list."""
    import pandas as pd

    number = len(people["person"])
    again = on[generator.random(on.size) < flaws.repeated]
    extra = [generator.integers(number, size=round(share * on.size)) for share in (flaws.rejected, flaws.outside)]
    who = np.concatenate([on, again, *extra])
    rejected = np.arange(who.size) >= on.size + again.size
    outside = np.arange(who.size) >= on.size + again.size + extra[0].size

    def hit(share: float) -> Flags:
        return np.asarray(generator.random(who.size) < share)

    given, surname = _written(generator, people, who, flaws)
    turned = hit(flaws.swapped)
    given, surname = np.where(turned, surname, given), np.where(turned, given, surname)
    born = people["born"][who]
    wrong = hit(flaws.wrong_birth)
    born = np.where(wrong, born + generator.choice((-YEAR, YEAR, -1, 1, -10, 10), size=who.size), born)
    found = np.datetime64(FIRST_DAY) + generator.integers(YEAR, size=who.size) - np.where(outside, 2 * YEAR, 0)
    status = generator.choice(("confirmed", "presumed"), size=who.size, p=(0.7, 0.3))
    records = pd.DataFrame(
        {
            "key": [f"{person * 7919 % 1_000_003:07d}-{person}" for person in who.tolist()],
            "given": given,
            "surname": surname,
            "born": np.where(hit(flaws.no_birth), "", born.astype(str)),
            "sex": np.where(hit(flaws.no_sex), "", np.array(sexes)[people["sex"][who]]),
            "region": people["region"][who],
            "exploitation": people["exploitation"][who],
            "found": found.astype(str),
            "status": np.where(rejected & ~outside, "rejected", status),
            "person": who,
        }
    )
    records = records.iloc[generator.permutation(len(records))].reset_index(drop=True)
    records.insert(0, "case", np.arange(1, len(records) + 1))
    return records


def _written(generator: np.random.Generator, people: Mapping[str, Any], who: Counts, flaws: Flaws) -> tuple[Any, Any]:
    """Given names and surnames as they were written."""
    names = []
    for kind, columns in (("given", ("given_index", "second_index")), ("surnames", ("surname_index",))):
        spelled = list(_names()[kind].values())
        written = []
        other = generator.random((who.size, len(columns))) < flaws.spelling
        choice = generator.random((who.size, len(columns)))
        places = [people[column][who].tolist() for column in columns]
        for i, culture in enumerate(people["culture"][who].tolist()):
            parts = []
            for j, place in enumerate(places):
                variants = spelled[culture][place[i]]
                which = 1 + int(choice[i, j] * (len(variants) - 1)) if other[i, j] and len(variants) > 1 else 0
                parts.append(variants[which])
            written.append(" ".join(parts))
        for i in np.flatnonzero(generator.random(who.size) < flaws.typo).tolist():
            written[i] = _misspell(generator, written[i])
        names.append(np.array(written, dtype=object))
    return names[0], names[1]


def _misspell(generator: np.random.Generator, word: str) -> str:
    """One letter changed, left out, doubled, or swapped with the next."""
    if len(word) < 3:
        return word
    place, kind = int(generator.integers(1, len(word) - 1)), int(generator.integers(4))
    before, letter, after = word[:place], word[place], word[place + 1 :]
    if kind == 0:
        return before + str(generator.choice(LETTERS)) + after
    if kind == 1:
        return before + after
    if kind == 2:
        return before + letter * 2 + after
    return before + after[:1] + letter + after[1:]
