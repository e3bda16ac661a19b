"""Looks at the metrics of the watched application: what they are, what they become, which targets they can feed."""
