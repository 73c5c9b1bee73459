"""The only room that reads files and records: from whatever shape they have to a `CaptureTable` or `SightingCounts`."""

from hiddenpop.intake.detected import read_detected
from hiddenpop.intake.linkage.hashes import hash_identity
from hiddenpop.intake.linkage.link import LinkedRegisters, link_registers
from hiddenpop.intake.reader import read_captures, split_sheet
from hiddenpop.intake.registers import RegisterTable, read_registers
from hiddenpop.intake.synthetic import Flaws, MadeRegisters, make_registers
from hiddenpop.intake.writing import write_captures

__all__ = [
    "Flaws",
    "LinkedRegisters",
    "MadeRegisters",
    "RegisterTable",
    "hash_identity",
    "link_registers",
    "make_registers",
    "read_captures",
    "read_detected",
    "read_registers",
    "split_sheet",
    "write_captures",
]
