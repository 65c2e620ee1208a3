"""Candle files, read at the speed of the disk, for backtests and the embedded exchange.

Nothing here knows the core: rows are plain arrays, so that the embedded exchange can
use them without sharing anything with what it tests.
"""
