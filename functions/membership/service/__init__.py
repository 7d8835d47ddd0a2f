"""Use cases of membership: registration, sessions, profile, merchants and their staff, letters, seeding."""
