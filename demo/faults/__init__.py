"""Real faults for the demo stack, switched on and off."""
