"""The drill of the way back: a stage that traded is lost, and another goes on in its place. `make drill`.

It passes where two checksums of all business state are the same, business goes on by itself, and an archive with one
altered byte is refused.
"""
