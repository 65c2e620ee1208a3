"""Receivers other than Discord, through apprise."""
