"""Game day: every fault of the demo on a stack of its own, and what the alerts make of it."""
