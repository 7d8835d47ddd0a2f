"""The rule book on the command line: what holds on a day, whether it is sound, and tariffs into its files.

python -m infra.customs rules DE 2026-11-25
python -m infra.customs check
python -m infra.customs import uk measures.csv --retrieved 2026-11-25 --write
"""
