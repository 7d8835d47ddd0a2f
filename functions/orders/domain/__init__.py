"""Types and rules of carts, quotes and orders; pure."""
