"""Whose records belong together, where no key says so, and how sure that is."""
