"""Candles and a finding as a picture; needs the extra ``chart`` (Pillow)."""

from liqmon.charts.candles import alt_text, candle_chart
from liqmon.charts.promptly import picture_within

__all__ = ["alt_text", "candle_chart", "picture_within"]
