"""Faults: the rules, the rules in force, and what each kind does."""
