"""Databases with planted faults, and healthy ones: what `pantrywatch advise` must find, and must not."""
