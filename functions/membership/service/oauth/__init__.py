"""Signing in elsewhere with an account here, and machines: applications, API keys, OAuth 2.0 and OpenID Connect.

`server` and `parties` are the two modules that know Authlib; the routes that need them import them when they do.
"""
