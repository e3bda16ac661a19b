"""`pantrywatch capacity`: the rate of requests at which one server keeps its latency and error targets."""
