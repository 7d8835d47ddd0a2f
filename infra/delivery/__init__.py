"""Delivery: what was built and tested comes to a stage, and goes back.

An *edition* is an artefact as it lies in the stage's bucket; a *release* is its name, twelve digits of the hash of all
that it is. A *record* says who brought which edition when, and how that ended. Which release a stage has, its stack
says itself (output `Release`), for that goes back with everything else when an update does.

    python -m infra.delivery deploy prod
    python -m infra.delivery rollback prod
    python -m infra.delivery list prod
"""


class Refused(Exception):
    """Nothing was changed; the message says why, and what to do."""


class DryRunOver(Refused):
    """All was asked that can be asked without changing anything."""


class Failed(Exception):
    """It was begun and did not succeed; the message says what failed first, and how things stand."""
