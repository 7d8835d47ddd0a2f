"""Tariffs as authorities publish them, made into rate rows of the rule book."""
