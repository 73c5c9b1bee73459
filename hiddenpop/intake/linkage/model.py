"""The model of linkage: Splink learns how often fields of the same person agree, and of different people."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Literal
from warnings import catch_warnings, simplefilter

from hiddenpop.errors import ConvergenceError, MissingExtraError
from hiddenpop.intake.linkage.comparisons import BEGINS, BORN_DAY, BORN_YEAR, NAMES, SOUNDS, comparisons, others_of

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection
    from pandas import DataFrame

Engine = Literal["duckdb", "spark"]
Ask = Callable[[str], list[Any]]

FEW_RECORDS = 4000  # of which all pairs are looked at
STRIDE, RANGE = 48271, 2147483647  # a shuffle that every engine does alike
PART = 200_000  # records whose pairs with as many others are scored at a time, so that memory suffices
CHANCE = 2500  # records whose pairs tell how often fields agree by chance
ROUNDS = (200, 25, 10, 5)  # of learning, at most
AGREE = 0.99  # share of true pairs that agree in a field, to begin with: levels that teach nothing stay rare
LEARNED = 1e-6  # change of a share at which learning ends
SURE = 0.7  # share of true pairs that agree in name, sound and date of birth, to begin with


def score_pairs(
    table: DuckDBPyConnection | DataFrame, size: int, engine: Engine, fields: Sequence[str], least: float, seed: int
) -> DataFrame:
    """Pairs of records that may be of one person, each with what speaks for it.

    Parameters
    ----------
    table : a connection whose table `records` has a number `unique_id` and the fields; for Spark a DataFrame
    size : int, records
    fields : columns to be compared, of names that need no quotation marks: NAMES with SOUNDS (and BEGINS), `born` with
        BORN_YEAR and BORN_DAY, and others as they stand
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
    except ImportError as error:
        raise MissingExtraError(
            "Linkage needs Splink.", hint="Install it: pip install 'hiddenpop[linkage]'."
        ) from error
    settings = SettingsCreator(
        link_type="dedupe_only",
        comparisons=list(comparisons(fields)),
        blocking_rules_to_generate_predictions=list(_blocks(fields)) if size > FEW_RECORDS else ["1=1"],
        retain_intermediate_calculation_columns=False,
        retain_matching_columns=False,
    )
    data, ask = _register(table, engine)
    with _quietly():
        model = Linker(data, settings).misc.save_model_to_json()
        for comparison in model["comparisons"]:
            _learn_chance(comparison, fields, ask, seed)
        linker = _train(data, model, fields)
        parts = 1 + size // PART
        scored = linker.inference.predict(
            threshold_match_probability=least, num_chunks_left=parts, num_chunks_right=parts
        )
        found = scored.as_pandas_dataframe()
        model = linker.misc.save_model_to_json()
    pairs = found.rename(columns={"unique_id_l": "left", "unique_id_r": "right"})
    prior = float(model["probability_two_random_records_match"])
    pairs["odds"] = 2.0 ** pairs["match_weight"] * (1.0 - prior) / prior
    ordered: DataFrame = pairs[["left", "right", "odds"]].sort_values(["left", "right"], ignore_index=True)
    return ordered


def _train(data: Any, model: dict[str, Any], fields: Sequence[str]) -> Any:
    """A linker that has learned how often fields of one person agree.

    Splink refuses probabilities that vanish, as where one person's regions never differ; fewer rounds do not get there.
    """
    from splink import Linker
    from splink.internals.exceptions import SplinkException

    for rounds in ROUNDS:
        linker = Linker(data, {**model, "max_iterations": rounds, "em_convergence": LEARNED})
        _quiet()
        training = linker.training
        try:
            training.estimate_probability_two_random_records_match([_sure(fields)], recall=SURE)
            for rule in _training(fields):
                training.estimate_parameters_using_expectation_maximisation(
                    rule, estimate_without_term_frequencies=True, record_sample_proportion=1.0
                )
            return linker
        except (SplinkException, ZeroDivisionError, ValueError):
            continue
    raise ConvergenceError(
        "Nothing can be learned from these records: too few of them agree.",
        hint="Give more fields (born, sex, region), or link by hand.",
    )


def _learn_chance(comparison: dict[str, Any], fields: Sequence[str], ask: Ask, seed: int) -> None:
    """How often a field agrees by chance, level by level, from pairs that differ in another field.

    In registers that overlap, most random pairs that agree in a date of birth are one person: chance is learned from
    pairs which are not. Fields of different people are taken to agree independently, as everywhere in the model.
    """
    levels = [level for level in comparison["comparison_levels"] if not level.get("is_null_level")]
    null = next(level["sql_condition"] for level in comparison["comparison_levels"] if level.get("is_null_level"))
    columns = ", ".join(f"l.{one} AS {one}_l, r.{one} AS {one}_r" for one in fields)
    cases = " ".join(f"WHEN {level['sql_condition']} THEN {i}" for i, level in enumerate(levels[:-1]))
    rows = ask(
        f"WITH taken AS (SELECT * FROM records ORDER BY (unique_id * {STRIDE} + {seed}) % {RANGE} LIMIT {CHANCE}), "
        f"pairs AS (SELECT {columns} FROM taken AS l JOIN taken AS r ON l.unique_id < r.unique_id "
        f"WHERE {_apart(comparison['output_column_name'], fields)}) "
        f"SELECT CASE WHEN {null} THEN -1 {cases} ELSE {len(levels) - 1} END AS level, count(*) FROM pairs GROUP BY 1"
    )
    counts: dict[int, int] = dict(rows)
    total = sum(number for level, number in counts.items() if level >= 0) + 0.5 * len(levels)
    for i, level in enumerate(levels):
        level["u_probability"] = (counts.get(i, 0) + 0.5) / total
        level["m_probability"] = (1.0 - AGREE) / (len(levels) - 1) if i else AGREE


def _apart(compared: str, fields: Sequence[str]) -> str:
    """What two records of one person hardly ever show, in fields that are not compared."""
    names = [one for one in SOUNDS if one in fields]
    if compared == "born":
        return " AND ".join(f"l.{one} <> r.{one}" for one in names)
    if "born" in fields:
        return f"abs(CAST(l.{BORN_YEAR} AS INT) - CAST(r.{BORN_YEAR} AS INT)) > 1"
    others = [f"l.{one} <> r.{one}" for one in others_of(fields) if one != compared]
    return f"({' OR '.join(others)})" if others else "true"


def _register(table: DuckDBPyConnection | DataFrame, engine: Engine) -> tuple[Any, Ask]:
    """The records in the engine, as Splink takes them, and how to ask it questions about the table `records`."""
    if engine == "duckdb":
        from splink import DuckDBAPI

        connection: Any = table
        return DuckDBAPI(connection=connection).register("records"), lambda query: connection.execute(query).fetchall()
    try:
        from pyspark.sql import SparkSession
        from splink import SparkAPI
        from splink.backends.spark import similarity_jar_location
    except ImportError as error:
        raise MissingExtraError("Spark needs PySpark.", hint="Install it: pip install 'hiddenpop[spark]'.") from error
    session = SparkSession.builder.config("spark.jars", similarity_jar_location()).getOrCreate()
    data = session.createDataFrame(table)
    api = SparkAPI(spark_session=session, break_lineage_method="persist")
    data.createOrReplaceTempView("records")
    return api.register(data), lambda query: [tuple(row) for row in session.sql(query).collect()]


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


def _blocks(fields: Sequence[str]) -> Iterator[Any]:
    """Which pairs are looked at at all: any of these agree."""
    from splink import block_on

    names = [name for name in SOUNDS if name in fields]
    others = others_of(fields)
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

    return block_on(*[field for field in fields if field not in (*NAMES, BORN_YEAR, BORN_DAY, BEGINS)])


def _training(fields: Sequence[str]) -> Iterator[Any]:
    """Pairs from which agreement is learned: each time of the fields that the rule leaves out."""
    from splink import block_on

    yield block_on(*[name for name in SOUNDS if name in fields])
    if "born" in fields:
        yield block_on("born")
