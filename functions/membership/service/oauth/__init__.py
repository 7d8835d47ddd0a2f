"""Signing in elsewhere with an account here, and machines: applications, API keys, OAuth 2.0 and OpenID Connect.

`server` and `parties` are the two modules that know Authlib; they are imported by the routes that need them, when they do.
"""
