"""TOML, environment and flags into frozen models; every mistake named at once."""
