"""Types and rules of membership, pure: addresses, members and their sessions, merchants."""
