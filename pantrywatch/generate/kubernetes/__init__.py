"""Kubernetes objects from the same settings, rules and boards as everywhere else."""
