"""Exchanges and a Discord on loopback, for the demonstration and the tests."""
