"""The model of linkage: Splink learns how often fields of the same person agree, and of different people."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Literal
from warnings import catch_warnings, simplefilter

from hiddenpop.errors import ConvergenceError, MissingExtraError

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection
    from pandas import DataFrame

Engine = Literal["duckdb", "spark"]

NAMES = ("given", "surname")
SOUNDS = ("sound_given", "sound_surname")
BORN_YEAR, BEGINS = "born_year", "sound_begins"  # made of the others: year of birth, begin of the sound of a given name
MANY, FEWEST = (
    0.02,
    0.02,
)  # share of agreement by chance that is of one person, from which it is taken out; most of it that is
FEW_RECORDS = 4000  # of which all pairs are looked at
CLOSE = 0.88  # Jaro-Winkler similarity of spellings of one name
RANDOM_PAIRS = 5e6
SURE = 0.7  # share of true pairs that agree in name, sound and date of birth, to begin with


def score_pairs(
    table: DuckDBPyConnection | DataFrame, size: int, engine: Engine, fields: Sequence[str], least: float, seed: int
) -> DataFrame:
    """Pairs of records that may be of one person, each with what speaks for it.

    Parameters
    ----------
    table : a connection whose table `records` has a number `unique_id` and the fields; for Spark a DataFrame
    size : int, records
    fields : columns to be compared: NAMES with SOUNDS (and BEGINS), `born` with BORN_YEAR, and others as they stand
    least : pairs less probable are left out
    seed : of the random pairs

    Returns
    -------
    DataFrame with `left`, `right`, and `odds`, the Bayes factor of the pair

    Raises
    ------
    MissingExtraError
        If Splink, or PySpark, is not installed.
    ConvergenceError
        If nothing can be learned: there are too few records that agree.
    """
    try:
        from splink import Linker, SettingsCreator
        from splink.internals.exceptions import SplinkException
    except ImportError as error:
        raise MissingExtraError(
            "Linkage needs Splink.", hint="Install it: pip install 'hiddenpop[linkage]'."
        ) from error
    settings = SettingsCreator(
        link_type="dedupe_only",
        comparisons=list(_comparisons(fields)),
        blocking_rules_to_generate_predictions=list(_blocks(fields)) if size > FEW_RECORDS else ["1=1"],
        retain_intermediate_calculation_columns=False,
        retain_matching_columns=False,
    )
    data = _register(table, engine)
    linker = Linker(data, settings)
    training = linker.training
    with _quietly():
        try:
            training.estimate_probability_two_random_records_match([_sure(fields)], recall=SURE)
            training.estimate_u_using_random_sampling(max_pairs=RANDOM_PAIRS, seed=seed)
            for rule in _training(fields):
                training.estimate_parameters_using_expectation_maximisation(rule, record_sample_proportion=1.0)
            found = linker.inference.predict(threshold_match_probability=least).as_pandas_dataframe()
            possible = size * (size - 1) / 2.0
            model = linker.misc.save_model_to_json()
            if _purify(model, float(found["match_probability"].sum()) / possible):
                purer = Linker(data, model)
                _quiet()
                found = purer.inference.predict(threshold_match_probability=least).as_pandas_dataframe()
        except (SplinkException, ZeroDivisionError, ValueError) as error:
            raise ConvergenceError(
                "Nothing can be learned from these records: too few of them agree.",
                hint="Give more fields (born, sex, region), or link by hand.",
            ) from error
    pairs = found.rename(columns={"unique_id_l": "left", "unique_id_r": "right"})
    prior = float(model["probability_two_random_records_match"])
    pairs["odds"] = 2.0 ** pairs["match_weight"] * (1.0 - prior) / prior
    ordered: DataFrame = pairs[["left", "right", "odds"]].sort_values(["left", "right"], ignore_index=True)
    return ordered


def _purify(model: dict[str, Any], share: float) -> bool:
    """Take pairs of one person out of the random pairs from which agreement by chance was learned; were they many?

    In registers that overlap, a random pair agrees in a date of birth more often because it is one person than by
    chance: `u = (observed - share m) / (1 - share)`.
    """
    most = 0.0
    for comparison in model["comparisons"]:
        for level in comparison["comparison_levels"]:
            if "u_probability" in level and "m_probability" in level:
                u, own = level["u_probability"], share * level["m_probability"]
                most = max(most, own / u)
                level["u_probability"] = max(u - own, FEWEST * u) / (1.0 - share)
    return most > MANY


def _register(table: DuckDBPyConnection | DataFrame, engine: Engine) -> Any:
    """The records in the engine, as Splink takes them."""
    if engine == "duckdb":
        from splink import DuckDBAPI

        return DuckDBAPI(connection=table).register("records")
    try:
        from pyspark.sql import SparkSession
        from splink import SparkAPI
        from splink.backends.spark import similarity_jar_location
    except ImportError as error:
        raise MissingExtraError("Spark needs PySpark.", hint="Install it: pip install 'hiddenpop[spark]'.") from error
    session = SparkSession.builder.config("spark.jars", similarity_jar_location()).getOrCreate()
    return SparkAPI(spark_session=session).register(session.createDataFrame(table))


@contextmanager
def _quietly() -> Iterator[None]:
    """Splink's messages may show data; none of them is let out."""
    before = logging.getLogger("splink").level
    _quiet()
    try:
        with catch_warnings():
            simplefilter("ignore")
            yield
    finally:
        logging.getLogger("splink").setLevel(before)


def _quiet() -> None:
    """Again after a Linker is made: it turns its messages on."""
    logging.getLogger("splink").setLevel(logging.CRITICAL)


def _comparisons(fields: Sequence[str]) -> Iterator[Any]:
    import splink.comparison_library as cl

    names = [name for name in NAMES if name in fields]
    if len(names) == 2:
        yield _both_names()
    else:
        yield cl.NameComparison(names[0])
    if "born" in fields:
        yield cl.DateOfBirthComparison("born", input_is_string=True)
    for field in _others(fields):
        yield cl.ExactMatch(field)


def _others(fields: Sequence[str]) -> list[str]:
    """Fields that are compared as they stand."""
    return [field for field in fields if field not in (*NAMES, *SOUNDS, "born", BORN_YEAR, BEGINS)]


def _both_names() -> Any:
    """Given name and surname together: as they stand, by sound, turned round, nearly alike, or one of them."""
    import splink.comparison_level_library as cll
    import splink.comparison_library as cl

    def same(column: str) -> Any:
        return cll.ExactMatchLevel(column)

    def close(name: str) -> Any:
        return cll.Or(cll.JaroWinklerLevel(name, CLOSE), same(f"sound_{name}"))

    levels = {
        "as they stand": cll.And(same("given"), same("surname")),
        "by sound": cll.And(same("sound_given"), same("sound_surname")),
        "turned round": cll.ColumnsReversedLevel("sound_given", "sound_surname", symmetrical=True),
        "nearly alike": cll.And(close("given"), close("surname")),
        "given name": cll.Or(same("given"), same("sound_given")),
        "surname": cll.Or(same("surname"), same("sound_surname")),
    }
    return cl.CustomComparison(
        output_column_name="names",
        comparison_levels=[
            cll.Or(cll.NullLevel("given"), cll.NullLevel("surname")).configure(is_null_level=True),
            *(level.configure(label_for_charts=label) for label, level in levels.items()),
            cll.ElseLevel(),
        ],
    )


def _blocks(fields: Sequence[str]) -> Iterator[Any]:
    """Which pairs are looked at at all: any of these agree."""
    from splink import block_on

    names = [name for name in SOUNDS if name in fields]
    others = _others(fields)
    if "born" in fields:
        yield block_on("born")
        for name in names:
            yield block_on(name, BORN_YEAR, *others)
    yield block_on(*names)
    if len(names) == 2 and others:
        yield block_on("sound_given", *others)
        yield block_on("sound_surname", BEGINS, *others)


def _sure(fields: Sequence[str]) -> Any:
    """Agreement that only the same person has."""
    from splink import block_on

    return block_on(*[field for field in fields if field not in (*NAMES, BORN_YEAR, BEGINS)])


def _training(fields: Sequence[str]) -> Iterator[Any]:
    """Pairs from which agreement is learned: each time of the fields that the rule leaves out."""
    from splink import block_on

    yield block_on(*[name for name in SOUNDS if name in fields])
    if "born" in fields:
        yield block_on("born")
