"""What an analysis computes, each part once and only when it is asked for."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from hiddenpop.national import PublicationTable, Trend, publication_table, read_publication, trend
from hiddenpop.national.gap import read_denominators
from hiddenpop.release.inputs import PUBLICATION, Inputs, whole_table
from hiddenpop.replicates import estimate_strata_replicates
from hiddenpop.report.document import Report, build_report, render
from hiddenpop.report.figures import Figures, tells_hidden
from hiddenpop.strata import StratifiedEstimate, estimate_strata

PATIENCE = 3600.0  # seconds for a search: results must not depend on how fast a machine is


@dataclass(frozen=True)
class Results:
    """The parts of an analysis.

    Attributes
    ----------
    inputs : Inputs
    """

    inputs: Inputs

    @cached_property
    def strata(self) -> StratifiedEstimate:
        """The estimates that add up."""
        asked, estimation = self.inputs.analysis.strata, self.inputs.analysis.estimate
        assert asked is not None
        options = dict[str, Any](asked.options) | {"seed": estimation.seed, "level": estimation.level}
        if self.inputs.replicates:
            return estimate_strata_replicates(self.inputs.replicates, asked.method, asked.by, **options)
        return estimate_strata(whole_table(self.inputs.data, "strata"), asked.method, asked.by, **options)

    @cached_property
    def publication(self) -> PublicationTable:
        """Figures by category, with small counts hidden."""
        asked = self.inputs.analysis.strata
        assert asked is not None
        base = None
        if asked.denominators is not None:
            base = read_denominators(self.inputs.folder / asked.denominators, asked.by)
        earlier = [read_publication(self.inputs.folder / name / PUBLICATION) for name in asked.earlier]
        return publication_table(self.strata, base, per=asked.per, threshold=asked.threshold, earlier=earlier)

    @cached_property
    def trend(self) -> Trend:
        """Changes between periods."""
        asked, estimation = self.inputs.analysis.trend, self.inputs.analysis.estimate
        assert asked is not None
        table = whole_table(self.inputs.data, "trend")
        options = dict[str, Any](asked.options) | {"seed": estimation.seed, "level": estimation.level}
        return trend(table, asked.by, asked.method, tables=self.inputs.replicates, **options)

    @cached_property
    def report(self) -> Report:
        """The headline, and everything that is held against it."""
        asked = self.inputs.analysis.estimate
        return build_report(
            self.inputs.data,
            method=asked.method,
            options=asked.options,
            level=asked.level,
            seed=asked.seed,
            patience=PATIENCE,
            replicates=self.inputs.replicates,
        )

    @property
    def html(self) -> str:
        """The report as a page."""
        analysis = self.inputs.analysis
        table = self.publication if analysis.strata else None
        change = self.trend if analysis.trend else None
        threshold = analysis.strata.threshold if analysis.strata else 0
        withheld = bool(table and change and tells_hidden(table, change, change.found.by[0], threshold))
        change = None if withheld else change
        figures = Figures(
            self.inputs.accounts, len(self.inputs.replicates), table, change, withheld=withheld, threshold=threshold
        )
        return render(
            self.report, command=f"hiddenpop run {self.inputs.name}", title=analysis.title, dated=analysis.date,
            language=analysis.report.language, figures=figures,
        )  # fmt: skip
