"""The operator's command: runs the stack on this machine, builds what is generated."""
