"""The estimators, one file per method. Importing this package registers them all, in the order they are listed."""

# isort: off
from hiddenpop.estimators.lincoln_petersen import lincoln_petersen
from hiddenpop.estimators.chapman import chapman
from hiddenpop.estimators.chao import chao
from hiddenpop.estimators.zelterman import zelterman
from hiddenpop.estimators.sample_coverage import sample_coverage
from hiddenpop.estimators.loglinear import loglinear
from hiddenpop.estimators.loglinear_stepwise import loglinear_stepwise

__all__ = [
    "chao",
    "chapman",
    "lincoln_petersen",
    "loglinear",
    "loglinear_stepwise",
    "sample_coverage",
    "zelterman",
]
