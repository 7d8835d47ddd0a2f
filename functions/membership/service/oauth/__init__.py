"""Signing in elsewhere with an account here, and machines: applications, API keys, OAuth 2.0 and OpenID Connect.

`server` is the one module that knows Authlib; it is imported by the routes that need it, when they need it.
"""
