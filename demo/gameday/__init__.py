"""Game day: plays every fault of the demo on a stack of its own, and checks the alerts."""
