"""Who is asking: signing in, inviting, enrolling an installation, and a new password."""
