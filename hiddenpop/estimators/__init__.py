"""The estimators, one file per method. Importing this package registers them all."""

from hiddenpop.estimators.lincoln_petersen import lincoln_petersen

from hiddenpop.estimators.chapman import chapman  # isort: skip
from hiddenpop.estimators.chao import chao  # isort: skip
from hiddenpop.estimators.zelterman import zelterman  # isort: skip
from hiddenpop.estimators.sample_coverage import sample_coverage  # isort: skip
from hiddenpop.estimators.loglinear import loglinear  # isort: skip

__all__ = ["chao", "chapman", "lincoln_petersen", "loglinear", "sample_coverage", "zelterman"]
