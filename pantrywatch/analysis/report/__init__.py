"""`pantrywatch report`: what was promised against what was measured, as one page, and a status page."""
