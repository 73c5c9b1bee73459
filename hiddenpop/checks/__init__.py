"""Can these data carry an estimate, may it be published, and what would have to be true for it to change?"""

from hiddenpop.checks.consistency import Consistency, internal_consistency
from hiddenpop.checks.examination import Examination, examine
from hiddenpop.checks.headline import choose_headline
from hiddenpop.checks.quality import check
from hiddenpop.checks.sensitivity import Sensitivity, sensitivity
from hiddenpop.checks.validation import Validation, validate
from hiddenpop.checks.verdict import Verdict, verdict

__all__ = [
    "Consistency",
    "Examination",
    "Sensitivity",
    "Validation",
    "Verdict",
    "check",
    "choose_headline",
    "examine",
    "internal_consistency",
    "sensitivity",
    "validate",
    "verdict",
]
