"""A deployment rehearsed on one machine: `make rehearse`.

The commands that bring a release to AWS bring it to the stand-in: made, made again, brought up to date, taken back,
refused and failed on purpose, each time with what has to come of it. Then what AWS does beside is asked of the
stand-in, thing by thing, and what it answered is printed: how far the rehearsal goes, and where it stops.
"""
