"""Watch perpetual-swap markets and report liquidation cascades."""

__version__ = "0.1.0"
