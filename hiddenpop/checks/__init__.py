"""Can these data carry an estimate, and may it be published?"""

from hiddenpop.checks.quality import check
from hiddenpop.checks.verdict import Verdict, verdict

__all__ = ["Verdict", "check", "verdict"]
