"""Can these data carry an estimate, may it be published, and what would have to be true for it to change?"""

from hiddenpop.checks.consistency import Consistency, internal_consistency
from hiddenpop.checks.quality import check
from hiddenpop.checks.sensitivity import Sensitivity, sensitivity
from hiddenpop.checks.verdict import Verdict, verdict

__all__ = ["Consistency", "Sensitivity", "Verdict", "check", "internal_consistency", "sensitivity", "verdict"]
