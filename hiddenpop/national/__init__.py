"""National figures: the gap between known and all people, its change over time, tables that reveal nobody."""

from hiddenpop.national.disclosure import Bounds, Release, attack, protect
from hiddenpop.national.gap import gap_figures
from hiddenpop.national.office import sdmx_frame, write_publication
from hiddenpop.national.tables import PublicationTable, publication_table, read_publication
from hiddenpop.national.transport import Figure, Pooled, pool_countries
from hiddenpop.national.trend import Change, Contribution, Trend, decompose, trend

__all__ = [
    "Bounds",
    "Change",
    "Contribution",
    "Figure",
    "Pooled",
    "PublicationTable",
    "Release",
    "Trend",
    "attack",
    "decompose",
    "gap_figures",
    "pool_countries",
    "protect",
    "publication_table",
    "read_publication",
    "sdmx_frame",
    "trend",
    "write_publication",
]
