"""The classical capture-recapture models: time, behaviour and differences between people."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

from hiddenpop.captures import CaptureTable
from hiddenpop.errors import NotEstimableError, OptionError, some_of
from hiddenpop.numerics.capture import CaptureFit, Fitted, fit_capture, summarise
from hiddenpop.numerics.capture_corrected import correct_bias, first_order_bias
from hiddenpop.numerics.capture_profile import profile_capture
from hiddenpop.numerics.intervals import chao_log, wald
from hiddenpop.registry import register
from hiddenpop.result import Check, Estimate, Interval, fit_check, width_check

ModelName = Literal[
    "M0",
    "Mt",
    "Mh Chao (LB)",
    "Mh Poisson2",
    "Mh Darroch",
    "Mh Gamma3.5",
    "Mh Normal",
    "Mth Chao (LB)",
    "Mth Poisson2",
    "Mth Darroch",
    "Mth Gamma3.5",
    "Mth Normal",
    "Mb",
    "Mbh",
    "Mtb",
]
IntervalName = Literal["log-normal", "wald", "profile"]

IN_TIME = ("Mb", "Mbh", "Mtb")
BY_LIST = ("Mt", "Mth", "Mtb")


@register(
    "capture-model",
    summary="Capture-recapture models M0, Mt, Mh, Mth, Mb, Mbh, Mtb",
    family="capture-recapture",
    ordered=True,
    reference="Baillargeon and Rivest (2007) J Stat Softw 19(5), doi 10.18637/jss.v019.i05; Rivest and Baillargeon "
    "(2007) Biometrics 63:999",
)
def capture_model(
    table: CaptureTable,
    *,
    model: ModelName = "Mt",
    interval: IntervalName = "log-normal",
    bias_corrected: bool = False,
    level: float = 0.95,
) -> Estimate:
    """Estimate a population by a classical capture-recapture model, from who was caught on which occasions.

    Use when the lists are occasions of one survey, or to see how much an answer moves when people are allowed to differ
    (Mh, Mth). Do not use Mb, Mbh or Mtb unless the lists stand in order of time: their answer is read from it. Do not
    pick among the models by their answer: Poisson2, Darroch, Gamma3.5 and Normal fit alike and differ by factors.

    Parameters
    ----------
    table : CaptureTable
        Two lists or more, in order of time for Mb, Mbh and Mtb; at most 14 for Mt, Mth and Mtb.
    model : str
        M0 (all alike), Mt (lists of different sizes), Mh and Mth (people differ as well; Chao (LB) is a lower bound),
        Mb (a first capture changes the next), Mbh (and the first list has its own chance), Mtb (Mt and Mb).
    interval : {"log-normal", "wald", "profile"}
        `profile` is not for Normal, and not with `bias_corrected`.
    bias_corrected : bool
        Apply the published correction of the bias; for Mt with two lists this is Chapman's estimate. A check says where
        it adds bias, as for Mt with more lists it does. Not for Normal, Mth Gamma3.5 and Mtb. Deviance, aic and
        coefficients stay those of maximum likelihood, whose N is `fit.population_uncorrected`.
    level : float in (0, 1)

    Returns
    -------
    Estimate
        `fit` is a `CaptureFit`: model, terms, se, deviance, df, aic, bic, coefficients, left_out.

    Raises
    ------
    NotEstimableError
        If no finite, unique estimate exists, if it is negative (Mb, Mbh), or log n0 has a standard error above 5.
    OptionError
        If an interval or a bias correction is not offered for the model, or there are too many lists for it.

    Warns
    -----
    SparseOverlapWarning
        If fewer than ten people were seen twice or more.

    Notes
    -----
    `log mean(history x) = b0 + time + heterogeneity`, x not empty, `N = n + exp(b0)`: time is `b k` (M0, Mh) or
    `sum of b_i over lists i in x` (Mt, Mth), heterogeneity `tau g(k)` for k captures: Poisson2 `2^k - 1`, Darroch
    `k^2/2`, Gamma3.5 `log 3.5 - log(3.5 + k)`, Chao `sum over j > 2 of eta_j max(k - j + 1, 0)`, eta_j >= 0. Normal
    integrates a normal difference in the logit of being caught. Mb: `b0 + b1 a + b2 (k - 1)`, a occasions before the
    first capture; Mbh adds a term for a > 0. Mtb: `logit c_i = logit p_i + shift` after a first capture.

    - Assumptions: closed population; perfect matching; occasions independent of one another for each person, but for
      the reaction to a first capture in Mb, Mbh, Mtb; equal catchability in M0, Mt, Mb and Mtb.
    - Chao's eta_j below zero are left out, the first first, and named in `fit.left_out`.
    - `se^2 = n0 + n0^2 var(log n0)`, from the observed information. For Normal, Rcapture 1.4-4 prints less (10.46 for
      the snowshoe hares, where this is 13.97): it is `n0 + n0^2 var(log n0) / 2`, the second derivative being taken of
      the deviance, which is twice minus the log-likelihood. For Mbh it prints 14.59 where this is 4.65; simulated
      estimates scatter as this says.
    - `log-normal`: `n + n0 C^(-+1)`, `C = exp(z sqrt(log(1 + se^2/n0^2)))`, with the Poisson variation of n0, which the
      log-normal interval of `loglinear` leaves out; `wald`: `N +- z se`, cut at n; `profile`: exact multinomial profile
      likelihood.
    - Where the likelihood is largest with nobody hidden, the estimate is n, without interval and with a failed check.

    References
    ----------
    Baillargeon and Rivest (2007), doi 10.18637/jss.v019.i05. Rivest and Baillargeon (2007), Biometrics 63:999, doi
    10.1111/j.1541-0420.2007.00779.x. Otis et al. (1978), Wildlife Monographs 62. Rivest and Lévesque (2001), Canadian
    Journal of Statistics 29:555.

    Examples
    --------
    >>> import hiddenpop as hp
    >>> print(hp.capture_model(hp.load("snowshoe_hare"), model="Mh Chao (LB)"))
    80 people (95% log-normal 72 to 100); 12 on no list

    *Checked against*: `capture-model` rows in tests/reference/values.csv.
    """
    _refuse_without_overlap(table)
    if interval == "profile" and bias_corrected:
        raise OptionError("A bias-corrected estimate has no profile interval.", hint="Use interval=log-normal.")
    found = fit_capture(model, table.lists, table.histories, table.counts)
    record = summarise(found)
    hidden, se = found.hidden, found.se
    if bias_corrected:
        record = replace(record, population_uncorrected=table.observed + hidden, se_uncorrected=se)
        hidden, se = correct_bias(found)
        record = replace(record, se=se)
    limits = None
    if se and hidden > 0.0:
        limits, record = _limits(table.observed, hidden, se, found, record, interval, level)
    checks = (*_nature(model, table), *_doubts(record), *_width(limits, record))
    if bias_corrected:
        checks += _worse(found)
    return Estimate("capture-model", table.observed + hidden, limits, table.observed, checks, fit=record)


def _refuse_without_overlap(table: CaptureTable) -> None:
    if table.repeated == 0:
        raise NotEstimableError(
            "Nobody was seen twice: without people seen again nothing is known about the people never seen.",
            hint="Check how records are matched.",
            cells=["f2"],
        )


def _limits(
    observed: int, hidden: float, se: float, found: Fitted, record: CaptureFit, interval: IntervalName, level: float
) -> tuple[Interval, CaptureFit]:
    """The interval asked for; the profile puts its own maximiser into the record."""
    if interval == "wald":
        return Interval(*wald(observed, observed + hidden, se, level), level, "wald"), record
    if interval == "log-normal":
        return Interval(*chao_log(observed, hidden, se, level), level, "log-normal"), record
    curve = profile_capture(found, level)
    high = None if curve.high is None else max(curve.high, observed + hidden)
    limits = Interval(min(curve.low, observed + hidden), high, level, "profile")
    return limits, replace(record, population_multinomial=curve.population)


def _nature(model: ModelName, table: CaptureTable) -> list[Check]:
    """What kind of number this is, whatever the fit."""
    checks = []
    base = model.split()[0]
    if "Chao" in model:
        checks.append(
            Check("lower-bound", None, None, "This is a lower bound: people who are harder to see are missed.")
        )
    if base in IN_TIME:
        message = f"The lists were read as occasions in this order of time: {', '.join(table.lists)}."
        checks.append(Check("order-of-time", None, None, message))
    empty = len(table.given_lists) - table.n_lists
    if empty and base not in BY_LIST:
        message = (
            f"{empty} lists that nobody is on were left out; as occasions without a catch they would count in {model}."
        )
        checks.append(Check("occasions-left-out", empty, False, message))
    return checks


def _doubts(record: CaptureFit) -> list[Check]:
    """What a reader should know about this fit."""
    checks = []
    if record.left_out:
        message = f"Set to zero, because the data would put them below: {some_of(record.left_out)}."
        checks.append(Check("terms-left-out", len(record.left_out), None, message))
    if record.coefficients.get("heterogeneity", 0.0) < 0.0:
        message = (
            "The fitted differences between people are negative, which no population can have: people on one list "
        )
        message += "are on another less often than chance would have it."
        checks.append(Check("negative-heterogeneity", record.coefficients["heterogeneity"], False, message))
    checks += fit_check(record.deviance, record.df, record.goodness_of_fit)
    return checks


def _worse(found: Fitted) -> tuple[Check, ...]:
    """The published correction of Mt and Mth Chao for more than two lists can add bias."""
    bias = first_order_bias(found)
    if bias is None or abs(bias[1]) <= abs(bias[0]):
        return ()
    message = f"To first order the published correction changes the bias from {bias[0]:+.2g} to {bias[1]:+.2g} people: "
    return (Check("correction-adds-bias", bias[1], False, message + "leave bias_corrected out."),)


def _width(limits: Interval | None, record: CaptureFit) -> list[Check]:
    if record.minus_infinity:
        message = (
            f"Under {record.model} the data are most likely if nobody is hidden, so no interval is given: too few "
        )
        message += "people are on several lists for this model."
        return [Check("nobody-hidden", 0, False, message)]
    if limits is None:
        return [Check("no-interval", None, False, "The estimate adds nobody to the people seen, and has no interval.")]
    if limits.high is None:
        message = "The likelihood sets no upper limit: the data do not exclude any larger population."
        return [Check("no-upper-limit", None, False, message)]
    return [width_check(limits)]
