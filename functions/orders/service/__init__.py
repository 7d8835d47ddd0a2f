"""The use cases of carts, quotes and orders."""
