"""From the registers of agencies to a capture table."""

from hiddenpop.intake.registers.description import Description, Register
from hiddenpop.intake.registers.tabulate import Account, RegisterTable, read_registers

__all__ = ["Account", "Description", "Register", "RegisterTable", "read_registers"]
