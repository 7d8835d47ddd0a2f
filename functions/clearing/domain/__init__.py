"""Types and rules of clearing: pure."""
