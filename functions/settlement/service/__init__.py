"""Use cases: posting what happened, settling what is pending, and showing both."""
