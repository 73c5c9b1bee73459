"""Can these data carry an estimate, may it be published, and what would have to be true for it to change?"""

from hiddenpop.checks.consistency import Consistency, internal_consistency
from hiddenpop.checks.data_faults import linkage_ladder, overcoverage_ladder
from hiddenpop.checks.examination import Examination, examine
from hiddenpop.checks.headline import choose_headline, find_headline
from hiddenpop.checks.ladders import Ladder
from hiddenpop.checks.planner import Plan, plan
from hiddenpop.checks.quality import check
from hiddenpop.checks.referrals import referral_ladder, strip_referrals
from hiddenpop.checks.sensitivity import Sensitivity, sensitivity
from hiddenpop.checks.trimmed import TrimmedSystem, trimmed_dual_system
from hiddenpop.checks.validation import Validation, validate
from hiddenpop.checks.verdict import Verdict, verdict

__all__ = [
    "Consistency",
    "Examination",
    "Ladder",
    "Plan",
    "Sensitivity",
    "TrimmedSystem",
    "Validation",
    "Verdict",
    "check",
    "choose_headline",
    "examine",
    "find_headline",
    "internal_consistency",
    "linkage_ladder",
    "overcoverage_ladder",
    "plan",
    "referral_ladder",
    "sensitivity",
    "strip_referrals",
    "trimmed_dual_system",
    "validate",
    "verdict",
]
