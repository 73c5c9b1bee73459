"""From the registers of agencies to a capture table."""

from hiddenpop.intake.registers.tabulate import Account, RegisterTable, read_registers

__all__ = ["Account", "RegisterTable", "read_registers"]
