"""Rules of the ledger and of statements: pure."""
