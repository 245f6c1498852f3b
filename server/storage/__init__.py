"""The only folder that speaks SQL or touches a disk or a bucket."""
