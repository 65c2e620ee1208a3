"""Candles through ccxt: healed, retried, validated. Nothing of ccxt leaves here."""
