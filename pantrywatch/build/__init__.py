"""The commands `build`: what is committed here, or an installation's whole configuration in a folder."""
