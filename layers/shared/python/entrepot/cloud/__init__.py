"""The platform on AWS: one session, one commit, outbox and inbox, the HTTP edge, telemetry."""
