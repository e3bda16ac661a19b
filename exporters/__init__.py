"""The sidecars: each subpackage watches one kind of thing; `core` is what they share."""

__version__ = "0.1.0"
