"""What whoever runs the server does: take a backup, put one back, look over everything that is kept."""
