"""A BTCPay Server of ours, as a provider of payments (ADR 64): `gateway` is what the others know of it."""
