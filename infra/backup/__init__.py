"""Everything of a stage in one file, and back: `python -m infra.backup make | verify | restore | checksum …`.

    stage      one stage as a command reaches it
    rows       rows of DynamoDB as lines, in a form that two stages share, and their tally
    archive    the file: its members, its seal, and how both are read
    making     from a stage, or from an export of DynamoDB, into a file
    restoring  from a file into an empty stage
    checking   what two stages, or a stage and a file, have in common
    standing   a stage stopped, and let go on

These commands read whole tables, page by page: a person's command may scan, a function never does.
"""
