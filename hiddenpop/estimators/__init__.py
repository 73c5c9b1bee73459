"""The estimators, one file per method. Importing this package registers them all, in the order they are listed."""

# isort: off
from hiddenpop.estimators.lincoln_petersen import lincoln_petersen
from hiddenpop.estimators.chapman import chapman
from hiddenpop.estimators.chao import chao
from hiddenpop.estimators.zelterman import zelterman
from hiddenpop.estimators.sample_coverage import sample_coverage
from hiddenpop.estimators.capture_model import capture_model
from hiddenpop.estimators.loglinear import loglinear
from hiddenpop.estimators.loglinear_search import loglinear_search
from hiddenpop.estimators.loglinear_strata import loglinear_strata
from hiddenpop.estimators.loglinear_covariates import loglinear_covariates
from hiddenpop.estimators.huggins_alho import huggins_alho
from hiddenpop.estimators.doubly_robust import doubly_robust
from hiddenpop.estimators.loglinear_stepwise import loglinear_stepwise
from hiddenpop.estimators.loglinear_average import loglinear_average
from hiddenpop.estimators.loglinear_shrinkage import loglinear_shrinkage
from hiddenpop.estimators.graphical import graphical
from hiddenpop.estimators.latent_class import latent_class
from hiddenpop.estimators.loglinear_bayes import loglinear_bayes
from hiddenpop.estimators.bayes_threshold import bayes_threshold
from hiddenpop.estimators.partial_pooling import partial_pooling

__all__ = [
    "bayes_threshold",
    "capture_model",
    "chao",
    "chapman",
    "doubly_robust",
    "graphical",
    "huggins_alho",
    "latent_class",
    "lincoln_petersen",
    "loglinear",
    "loglinear_average",
    "loglinear_bayes",
    "loglinear_covariates",
    "loglinear_search",
    "loglinear_shrinkage",
    "loglinear_stepwise",
    "loglinear_strata",
    "partial_pooling",
    "sample_coverage",
    "zelterman",
]
