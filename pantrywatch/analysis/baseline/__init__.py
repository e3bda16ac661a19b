"""What is usual: how often the bands of the rules are wrong here, and snapshots of the targets to compare with."""
