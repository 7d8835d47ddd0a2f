"""What a property says holds on a busy machine too: no example is failed for the time it took."""

from hypothesis import settings

settings.register_profile("patient", deadline=None)
settings.load_profile("patient")
