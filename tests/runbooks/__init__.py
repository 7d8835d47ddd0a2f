"""The alarms' runbooks, tried: each cause is provoked on the deployed platform, and the page's own commands are run.

`trials.py` says for each page how its cause is provoked (`causes.py`) and what its commands then have to show;
`blocks.py` reads them out of the page, and `shell.py` runs them as they are written. `make runbooks` does it all.
"""
