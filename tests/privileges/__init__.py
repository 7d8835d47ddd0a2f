"""Least privilege, held by what was really called.

While the tests run, every call to AWS is written down with the function that made it (`recording.py`, by `plugin.py` of
pytest). What a call needs of IAM stands in `calls.py`; what AWS does in a function's name by itself, with the page that
says so, in `implied.py`. Both together have to be what the function's policy (`policies.py`) allows, pair by pair of an
action and a resource (`comparing.py`). ADR 0087 says why.
"""
