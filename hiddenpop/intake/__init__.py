"""The only room that reads files: from whatever shape the data have to a `CaptureTable` or `SightingCounts`."""

from hiddenpop.intake.reader import read_captures, split_sheet

__all__ = ["read_captures", "split_sheet"]
