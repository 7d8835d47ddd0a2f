"""Signing in with a provider's account, and linking one: providers, the flow in between, and what it ends in."""
