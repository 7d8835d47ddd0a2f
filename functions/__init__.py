"""The bounded contexts: a folder is everything about one of them."""
