"""`make bench`: what Auditbook costs, beside peers and floors in the same run. It measures and asserts nothing; docs/measurements.md reads it."""
