"""Carriers, freight and shipments: pure values and rules."""
