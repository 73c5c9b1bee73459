"""The methods: one decorator registers an estimator, checks its data and options, and records where it comes from."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import wraps
from inspect import Parameter, signature
from secrets import randbits
from typing import Any, TypeVar, cast, get_type_hints
from warnings import catch_warnings, simplefilter, warn

from hiddenpop.banded import BandedTable
from hiddenpop.captures import CaptureTable
from hiddenpop.errors import DataError, HiddenpopError, OptionError, SparseOverlapWarning, UnknownNameError
from hiddenpop.options import check_level, check_seed, check_value, plain_scalar
from hiddenpop.provenance import Provenance, versions
from hiddenpop.result import Check, Estimate, Refusal, plain
from hiddenpop.sightings import SightingCounts

Data = CaptureTable | BandedTable | SightingCounts
F = TypeVar("F", bound=Callable[..., Estimate])

COMMON = ("level", "seed")
NOT_OF_THE_ANSWER = (*COMMON, "resume")
HANDFUL = 10
COMPARED = 200
PATIENCE = 30.0


@dataclass(frozen=True)
class Method:
    """A registered estimator.

    Attributes
    ----------
    id : str, kebab-case
    function : the public function, `(data, *, options) -> Estimate`
    summary : one line
    takes : data classes it accepts
    lists : (fewest, most) lists of a CaptureTable; most is None when there is no limit
    family : str
    reference : str, publication with DOI
    ordered : True when the order of the lists matters (occasions in time)
    sampling : True for methods whose chains take from seconds to minutes; `compare` runs them only when asked
    stratified : True for methods that estimate strata together and so need a table that has them
    covariates : True for methods that take strata as covariates, if there are any; `compare` runs them only then
    extra : extra of the package that the method needs, empty for none
    options : option name -> (annotation, default)
    """

    id: str
    function: Callable[..., Estimate]
    summary: str
    takes: tuple[type, ...]
    lists: tuple[int, int | None]
    family: str
    reference: str
    ordered: bool
    sampling: bool
    stratified: bool
    covariates: bool
    extra: str
    options: Mapping[str, tuple[Any, Any]]

    def applies(self, data: Data) -> bool:
        """Can this method take these data, by their kind, number of lists and strata?"""
        if not isinstance(data, self.takes):
            return False
        fewest, most = self.lists
        return isinstance(data, SightingCounts) or (
            fewest <= data.n_lists <= (most or data.n_lists) and (not self.stratified or len(data.labels) > 1)
        )

    def to_dict(self) -> dict[str, Any]:
        """The row of `hiddenpop methods`."""
        return {
            "method": self.id,
            "summary": self.summary,
            "family": self.family,
            "takes": [t.__name__ for t in self.takes],
            "lists": list(self.lists),
            "extra": self.extra,
            "options": {name: plain(default) for name, (_, default) in self.options.items()},
            "reference": self.reference,
        }


METHODS: dict[str, Method] = {}


def register(
    id: str,
    *,
    summary: str,
    family: str,
    reference: str,
    takes: tuple[type, ...] = (CaptureTable,),
    lists: tuple[int, int | None] = (2, None),
    ordered: bool = False,
    sampling: bool = False,
    stratified: bool = False,
    covariates: bool = False,
    extra: str = "",
) -> Callable[[F], F]:
    """Register an estimator under `id`; its keyword parameters become its options."""

    def decorate(function: F) -> F:
        hints = get_type_hints(function)
        options = {
            name: (hints[name], parameter.default)
            for name, parameter in signature(function).parameters.items()
            if parameter.kind is Parameter.KEYWORD_ONLY
        }

        @wraps(function)
        def run(data: Data, **given: Any) -> Estimate:
            return _run(METHODS[id], function, data, given)

        METHODS[id] = Method(
            id, run, summary, takes, lists, family, reference, ordered, sampling, stratified, covariates, extra, options
        )
        return cast(F, run)

    return decorate


def _run(method: Method, function: Callable[..., Estimate], data: Data, given: Mapping[str, Any]) -> Estimate:
    options = _check_options(method, given)
    data = _check_data(method, data, options.get("lists"))
    if "seed" in method.options and options["seed"] is None:
        options["seed"] = randbits(32)
    found = function(data, **{name: value for name, value in options.items() if name in method.options})
    return replace(
        found,
        method=method.id,
        checks=(*data.checks, *_sparse(data), *found.checks),
        provenance=Provenance(
            source=data.source,
            digest=data.digest,
            method=method.id,
            options={k: _written(v) for k, v in options.items() if k not in NOT_OF_THE_ANSWER},
            level=options.get("level"),
            seed=options.get("seed"),
            reading=data.reading,
            versions=versions(),
        ),
    )


def _written(value: Any) -> Any:
    """An option as the provenance keeps it: plain, or a frozen distribution by its name and arguments."""
    if hasattr(value, "rvs"):
        return f"{value.dist.name}{value.args}{value.kwds or ''}"
    return plain(value)


def _sparse(data: Data) -> tuple[Check, ...]:
    """A failed check, and a warning, when the whole estimate rests on a handful of people."""
    if data.repeated >= HANDFUL:
        return ()
    message = (
        f"Only {data.repeated} of {data.observed:,} people were seen twice or more: the estimate rests on them alone."
    )
    warn(message, SparseOverlapWarning, stacklevel=4)
    return (Check("sparse-overlap", data.repeated, False, message),)


def _check_data(method: Method, data: Data, lists: tuple[str, ...] | None) -> Data:
    if not isinstance(data, method.takes):
        kinds = " or ".join(t.__name__ for t in method.takes)
        raise DataError(
            f"The method {method.id} takes {kinds}, not {type(data).__name__}.",
            hint=_kind_hint(method, data),
        )
    if isinstance(data, SightingCounts):
        return data
    if lists is not None and isinstance(data, CaptureTable):
        if len(set(lists)) < len(lists):
            raise OptionError(f"The list {lists[0]!r} is given twice.", hint="Name two different lists.")
        data = data.keep(*lists)
    if method.stratified and len(data.labels) < 2:
        raise DataError(
            f"The method {method.id} compares strata; the table has {'one' if data.strata else 'none'}.",
            hint="Name the stratum columns when the table is read, as in strata=['region'].",
        )
    if not method.applies(data):
        fewest, most = method.lists
        bound = (
            f"exactly {fewest}" if most == fewest else f"at least {fewest}" if most is None else f"{fewest} to {most}"
        )
        raise DataError(
            f"The method {method.id} needs {bound} lists; the table has {data.n_lists} ({', '.join(data.lists)}).",
            hint=_lists_hint(method, data),
        )
    return data if method.stratified or method.covariates else data.pooled()


def _kind_hint(method: Method, data: Any) -> str:
    if isinstance(data, BandedTable) and CaptureTable in method.takes:
        own = ", ".join(other.id for other in METHODS.values() if BandedTable in other.takes)
        return f"Use a method for bands ({own}), or estimate_replicates(table.complete(20), {method.id!r})."
    return "Use hiddenpop.read_captures or CaptureTable.from_counts, or another method."


def _lists_hint(method: Method, data: CaptureTable | BandedTable) -> str:
    if data.n_lists < 2:
        return "With a single list, only how often each person was seen can be used (sighting frequencies)."
    if "lists" in method.options:
        return f"Name the lists to use, as in lists={data.lists[0]},{data.lists[1]}."
    return "Merge or drop lists, or use another method."


def _check_options(method: Method, given: Mapping[str, Any]) -> dict[str, Any]:
    known = {"seed": (int | None, None), **method.options}
    for name in given:
        if name not in known:
            raise UnknownNameError.among(f"option of {method.id} called", name, known)
    options = {name: plain_scalar(given.get(name, default)) for name, (_, default) in known.items()}
    for name, value in options.items():
        check_value(name, value, known[name][0])
    return options


def find_method(id: str) -> Method:
    """The method of that id.

    Raises
    ------
    UnknownNameError
        With the nearest ids.
    """
    if id not in METHODS:
        raise UnknownNameError.among("method", id, METHODS)
    return METHODS[id]


def estimate(data: Data, method: str, **options: Any) -> Estimate:
    """Estimate by the method of that id: `estimate(table, "loglinear", model="[12,3]")`."""
    return find_method(method).function(data, **options)


def attempt(data: Data, method: str, **options: Any) -> Estimate | Refusal:
    """Like `estimate`, but a deliberate error becomes a `Refusal`."""
    try:
        return estimate(data, method, **options)
    except HiddenpopError as error:
        return Refusal(method, error)


def attempt_quietly(data: Data, method: str, **options: Any) -> Estimate | Refusal:
    """Like `attempt`, without the warning of sparse overlaps: for many fits whose warnings nobody could read."""
    with catch_warnings():
        simplefilter("ignore", SparseOverlapWarning)
        return attempt(data, method, **options)


def compare(
    data: Data,
    *,
    level: float = 0.95,
    seed: int | None = None,
    sampling: bool = False,
    patience: float = PATIENCE,
) -> list[Estimate | Refusal]:
    """Every quick method that applies to the data, with its default options; refusals are kept with their reason.

    Bootstraps take 200 replicates here, and searches at most `patience`, whatever the method's default; `provenance`
    shows it.

    Parameters
    ----------
    data : CaptureTable or SightingCounts
    level : float in (0, 1)
    seed : int, used by the methods that draw random numbers; None draws fresh entropy and records it
    sampling : bool, True also runs the methods whose chains take from seconds to minutes (`latent-class`)
    patience : float, seconds; what is cut short depends on the machine
    """
    if not isinstance(data, Data):
        raise DataError(f"Cannot compare methods on a {type(data).__name__}.", hint="Read a table first.")
    check_level(level)
    check_seed(seed)
    common = {"level": level, "seed": seed, "replicates": COMPARED, "budget": patience}
    return [
        attempt(data, method.id, **{name: value for name, value in common.items() if name in method.options})
        for method in METHODS.values()
        if method.applies(data)
        and (sampling or not method.sampling)
        and (not method.covariates or (isinstance(data, CaptureTable) and data.strata))
    ]


def estimate_by(
    data: CaptureTable | BandedTable, method: str, by: str, **options: Any
) -> dict[tuple[str, ...], Estimate | Refusal]:
    """One estimate (or refusal) per value of a stratum column; the parts need not add up to the whole."""
    return {value: attempt(part, method, **options) for value, part in data.split(by).items()}
