"""The rules of payments: pure, one module for each thing that has rules."""
