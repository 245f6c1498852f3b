"""The office's use cases: clients with their sites, and what a workspace has decided for itself."""
