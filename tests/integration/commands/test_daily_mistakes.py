"""What a user does wrong from the first minute to the daily look back, and the words.

The commands that set liqmon up, look back, hush it and prove that it lives; for all
else see ``test_mistakes``.
"""
# ruff: noqa: E501 - what is shown is compared whole, line by line

from collections.abc import Callable
from typing import Final

import pytest

from mistyped import DISCORD, SETTINGS, Mistake, at
from webhooks import URL

SIM: Final = {"LIQMON_EXCHANGE__BASE_URL": "{sim}"}

TABLE: Final = (
    Mistake(
        name="nobody to ask",
        typed="init --no-input",
        says=(
            "error: nobody to ask, and missing: markets (name some, or --top N); a webhook (--webhook-url-file, $LIQMON_DISCORD__WEBHOOK_URL or --no-webhook)\n"
            "  hint: give them as options, or run liqmon init in a terminal\n"
        ),
    ),
    Mistake(
        name="a webhook and none",
        typed="init BTCUSDT --webhook-url-file hook --no-webhook",
        files={"hook": URL},
        says=(
            "error: --webhook-url-file and --no-webhook exclude each other\n"
            "  hint: leave out one of them\n"
        ),
    ),
    Mistake(
        name="settings that are there already",
        typed="init BTCUSDT --no-webhook",
        files={".config/liqmon/config.toml": "[watch]\n"},
        says=(
            "error: HOME/.config/liqmon/config.toml is there already\n"
            "  hint: edit it, or replace it with --force\n"
        ),
    ),
    Mistake(
        name="a mistyped market to begin with",
        typed="init BTCUSTD --no-webhook",
        environ=SIM,
        says=(
            "error: 'BTCUSTD' is no perpetual on bybit\n  hint: did you mean BTCUSDT?\n"
        ),
    ),
    Mistake(
        name="a comma for a space",
        typed="check BTCUSDT,ETHUSDT --dry-run",
        environ=SIM,
        says=(
            "error: 'BTCUSDT,ETHUSDT' is no perpetual on bybit\n"
            "  hint: put a space between markets, not a comma\n"
        ),
    ),
    Mistake(
        name="a role by its name",
        typed="init BTCUSDT --no-webhook --role traders",
        environ=SIM,
        out=("bybit has BTC/USDT:USDT\n"),
        says=(
            "error: this is no id of a role: 15 to 22 digits\n"
            "  hint: in Discord: developer mode on, right click on the role, Copy ID\n"
        ),
    ),
    Mistake(
        name="a webhook's file to begin with that is not there",
        typed="init BTCUSDT --webhook-url-file hook",
        environ=SIM,
        out=("bybit has BTC/USDT:USDT\n"),
        says=(
            "error: command line: 1 problem\n"
            "  --> command line discord.webhook_url_file: the file cannot be read: No such file or directory\n"
            "       hint: check the path\n"
        ),
    ),
    Mistake(
        name="a webhook to begin with that is gone",
        typed="init BTCUSDT",
        code=4,
        environ=SIM | DISCORD,
        out=("bybit has BTC/USDT:USDT\n"),
        says=(
            "error: the test message was not delivered: this webhook does not exist any more (HTTP 404, code 10015: Unknown Webhook)\n"
            "  hint: make a new webhook (channel settings, Integrations, Webhooks) and put its URL into discord.webhook_url\n"
            "nothing was saved (--no-test saves without trying)\n"
        ),
    ),
    Mistake(
        name="a doctor's finding: a blocked country",
        typed="doctor BTCUSDT",
        code=3,
        environ=at("{blocked}"),
        out=(
            "✓ versions     liqmon 0.1.0, Python N, ccxt N\n"
            "✓ extras       installed: chart, metrics, notify\n"
            "! settings     no settings file: the defaults, and the environment\n"
            "               hint: make one with liqmon init\n"
            "✓ state        HOME/state/liqmon will be made at the first run\n"
            "✓ disk         N GiB free\n"
            "✓ terminal     output is no terminal: lines are written instead of a table\n"
            "✗ bybit        bybit is not available from this country (HTTP 451)\n"
            "               hint: blocked in your country? try --exchange okx or hyperliquid\n"
            "! webhook      none: findings are kept and shown, and sent nowhere\n"
            "               hint: set one up with liqmon init\n"
            "1 to put right, 2 to look at\n"
        ),
        says="",
    ),
    Mistake(
        name="a doctor's finding: no network",
        typed="doctor BTCUSDT",
        code=3,
        environ=at("{nobody}"),
        out=(
            "✓ versions     liqmon 0.1.0, Python N, ccxt N\n"
            "✓ extras       installed: chart, metrics, notify\n"
            "! settings     no settings file: the defaults, and the environment\n"
            "               hint: make one with liqmon init\n"
            "✓ state        HOME/state/liqmon will be made at the first run\n"
            "✓ disk         N GiB free\n"
            "✓ terminal     output is no terminal: lines are written instead of a table\n"
            "✗ bybit        does not answer: cannot connect\n"
            "               hint: is this machine online? is there a proxy, a firewall, a VPN in between?\n"
            "! webhook      none: findings are kept and shown, and sent nowhere\n"
            "               hint: set one up with liqmon init\n"
            "1 to put right, 2 to look at\n"
        ),
        says="",
    ),
    Mistake(
        name="a doctor's finding: a mistyped key",
        typed="doctor BTCUSDT",
        environ=at("{nobody}"),
        files={SETTINGS: "[wach]\n"},
        out=(
            "✓ versions     liqmon 0.1.0, Python N, ccxt N\n"
            "✓ extras       installed: chart, metrics, notify\n"
            "✗ settings     liqmon.toml: 1 problem\n"
            "                 --> liqmon.toml:1 wach: unknown key\n"
            "                    1 | [wach]\n"
            "                      hint: did you mean `watch`?\n"
            "! settings     what follows goes by the environment and the defaults\n"
            "✓ state        HOME/state/liqmon will be made at the first run\n"
            "✓ disk         N GiB free\n"
            "✓ terminal     output is no terminal: lines are written instead of a table\n"
            "✗ bybit        does not answer: cannot connect\n"
            "               hint: is this machine online? is there a proxy, a firewall, a VPN in between?\n"
            "! webhook      none: findings are kept and shown, and sent nowhere\n"
            "               hint: set one up with liqmon init\n"
            "2 to put right, 2 to look at\n"
        ),
        says="",
    ),
    Mistake(
        name="no market at all to list",
        typed="symbols",
        environ=SIM,
        says=(
            "error: no market to watch\n"
            "  hint: name some (liqmon watch BTCUSDT ETHUSDT), say --top 20, or set [watch] symbols\n"
        ),
    ),
    Mistake(
        name="nothing on top",
        typed="symbols --top 0",
        environ=SIM,
        says=(
            "error: --top: should be greater than or equal to 1\n"
            "  hint: see liqmon symbols --help\n"
        ),
    ),
    Mistake(
        name="an order by what is not known",
        typed="symbols --top 3 --by price",
        environ=SIM,
        says=(
            "error: --by: 'price' is not one of 'volume', 'oi'\n"
            "  hint: see liqmon symbols --help\n"
        ),
    ),
    Mistake(
        name="all markets excluded",
        typed="check BTCUSDT --exclude BTC --dry-run",
        environ=SIM,
        says=(
            "error: no market is left to watch\n"
            "  hint: [watch] exclude or --exclude takes away all that were asked for\n"
        ),
    ),
    Mistake(
        name="markets of an exchange that cannot be reached",
        typed="symbols --all",
        code=3,
        environ=at("{nobody}"),
        says=(
            "error: bybit does not answer: cannot connect\n"
            "  hint: is this machine online, and the exchange up? try again in a minute\n"
        ),
    ),
    Mistake(
        name="markets of an exchange that was asked too often",
        typed="symbols --all",
        code=3,
        environ=at("{forbidden}"),
        says=(
            "error: bybit does not answer: access refused for asking too often (HTTP 403)\n"
            "  hint: it may be asked again in 600 s\n"
        ),
    ),
    Mistake(
        name="no market to download",
        typed="download",
        says=(
            "error: no market to download\n"
            "  hint: name some (liqmon download BTCUSDT), say --top 20, or set [watch] symbols\n"
        ),
    ),
    Mistake(
        name="a beginning of the past that is no time",
        typed="history --since yesterday",
        says=(
            "error: --since yesterday: no time that can be read\n"
            "  hint: write 2021-05-19T12:00, or milliseconds since 1970, or a span such as 90d\n"
        ),
    ),
    Mistake(
        name="a market that was never watched",
        typed="history BTCUSTD",
        scene="a past",
        says=(
            "error: BTCUSTD has not been watched with this state\n"
            "  hint: did you mean BTCUSDT?\n"
        ),
    ),
    Mistake(
        name="a market of a state that is new",
        typed="history BTCUSDT",
        says=(
            "error: BTCUSDT has not been watched with this state\n"
            "  hint: a market is known once liqmon watch or check has judged it\n"
        ),
    ),
    Mistake(
        name="JSON and CSV",
        typed="stats --json --csv",
        says=(
            "error: --json and --csv exclude each other\n"
            "  hint: leave out one of them\n"
        ),
    ),
    Mistake(
        name="no episode",
        typed="show",
        says=("error: EPISODE is missing\n  hint: see liqmon show --help\n"),
    ),
    Mistake(
        name="an episode that is not there",
        typed="show 38d9",
        scene="a past",
        says=(
            "error: there is no episode 38d9\n"
            "  hint: liqmon history --since 90d lists them with their ids\n"
        ),
    ),
    Mistake(
        name="an id that is too short",
        typed="show aaaa",
        scene="a past",
        says=(
            "error: 2 episodes begin with aaaa: aaaa2222, aaaa1111\n"
            "  hint: write more of the one you mean\n"
        ),
    ),
    Mistake(
        name="a market where an episode is due",
        typed="show BTCUSDT",
        scene="a past",
        says=(
            "error: there is no episode BTCUSDT\n"
            "  hint: liqmon history --since 90d lists them with their ids\n"
        ),
    ),
    Mistake(
        name="a mute of no duration",
        typed="mute BTCUSDT soon",
        scene="a past",
        says=(
            "error: 'soon' is no duration; try 30s, 5m or 2h\n"
            "  hint: see liqmon mute --help\n"
        ),
    ),
    Mistake(
        name="a mute for more than a year",
        typed="mute BTCUSDT 400d",
        scene="a past",
        says=(
            "error: 400d is more than a year; try 8h or 7d\n"
            "  hint: see liqmon mute --help\n"
        ),
    ),
    Mistake(
        name="a mute of two markets",
        typed="mute BTCUSDT ETHUSDT 30m",
        scene="a past",
        says=(
            "error: 'BTCUSDT ETHUSDT 30m' is more than a market and a duration; try BTCUSDT 30m\n"
            "  hint: see liqmon mute --help\n"
        ),
    ),
    Mistake(
        name="a mute of a mistyped market",
        typed="mute BTCUSTD 30m",
        scene="a past",
        says=(
            "error: BTCUSTD has not been watched with this state\n"
            "  hint: did you mean BTCUSDT?\n"
        ),
    ),
    Mistake(
        name="an end of a mute that never began",
        typed="unmute SOLUSDT",
        scene="a past",
        says=(
            "error: SOLUSDT has not been watched with this state\n"
            "  hint: the state knows BTCUSDT, ETHUSDT\n"
        ),
    ),
    Mistake(
        name="an acknowledgement of nothing",
        typed="ack",
        scene="a past",
        says=("error: EPISODE|SYMBOL is missing\n  hint: see liqmon ack --help\n"),
    ),
    Mistake(
        name="an acknowledgement of what is not there",
        typed="ack 38d9",
        scene="a past",
        says=(
            "error: 38d9 is neither an episode nor a market of this state\n"
            "  hint: liqmon history lists episodes with their ids; the state knows BTCUSDT, ETHUSDT\n"
        ),
    ),
    Mistake(
        name="no watch to be healthy",
        typed="healthcheck",
        code=1,
        out=(
            "unhealthy: no scan has left its mark in HOME/state/liqmon; does a watch keep its state there?\n"
        ),
        says="",
    ),
    Mistake(
        name="an age that is no duration",
        typed="healthcheck --max-age soon",
        says=(
            "error: --max-age: 'soon' is no duration; try 30s, 5m or 2h\n"
            "  hint: see liqmon healthcheck --help\n"
        ),
    ),
    Mistake(
        name="a piece of packaging that is missing",
        typed="packaging",
        says=(
            "error: PIECE is missing, one of systemd, timer, oneshot, cron, docker, alerts, grafana\n"
            "  hint: see liqmon packaging --help\n"
        ),
    ),
    Mistake(
        name="a piece of packaging that is not there",
        typed="packaging systemdd",
        says=(
            "error: PIECE: 'systemdd' is not one of 'systemd', 'timer', 'oneshot', 'cron', 'docker', 'alerts', 'grafana'\n"
            "  hint: see liqmon packaging --help\n"
        ),
    ),
    Mistake(
        name="metrics at a word",
        typed="watch BTCUSDT --dry-run --for 5s --metrics here",
        environ=SIM,
        says=(
            "error: command line: 1 problem\n"
            '  --> command line metrics.listen: Input should be an address to listen at: "127.0.0.1:PORT"\n'
            '       hint: Where watch serves /metrics, such as "127.0.0.1:PORT".\n'
        ),
    ),
    Mistake(
        name="metrics at a port that is taken",
        typed="watch BTCUSDT --dry-run --for 5s --metrics 127.0.0.1:{busy_port}",
        environ=SIM,
        says=(
            "error: cannot serve metrics at 127.0.0.1:PORT: address already in use\n"
            "  hint: name another address with --metrics or metrics.listen\n"
        ),
    ),
    Mistake(
        name="metrics at an address of another machine",
        typed="watch BTCUSDT --dry-run --for 5s --metrics 203.0.113.1:9464",
        environ=SIM,
        says=(
            "error: cannot serve metrics at 203.0.113.1:9464: cannot assign requested address\n"
            "  hint: name another address with --metrics or metrics.listen\n"
        ),
    ),
    Mistake(
        name="metrics without the extra",
        typed="watch BTCUSDT --dry-run --for 5s --metrics 9464",
        environ=SIM,
        lacks=("prometheus_client",),
        says=(
            "error: metrics need a package that is not installed: prometheus_client\n"
            "  hint: pip install 'liqmon[metrics]'\n"
        ),
    ),
    Mistake(
        name="metrics in a file that nobody reads",
        typed="config validate",
        files={SETTINGS: '[metrics]\ntextfile = "liqmon.txt"\n'},
        says=(
            "error: liqmon.toml: 1 problem\n"
            "  --> liqmon.toml:2 metrics.textfile: Input should end in .prom: the node exporter reads no other\n"
            '     2 | textfile = "liqmon.txt"\n'
            "       hint: A .prom file that check writes for the node exporter.\n"
        ),
    ),
    Mistake(
        name="metrics at a number",
        typed="config validate",
        files={SETTINGS: "[metrics]\nlisten = 9464\n"},
        says=(
            "error: liqmon.toml: 1 problem\n"
            "  --> liqmon.toml:2 metrics.listen: Input should be a text in quotes\n"
            "     2 | listen = 9464\n"
            '       hint: Where watch serves /metrics, such as "127.0.0.1:PORT".\n'
        ),
    ),
    Mistake(
        name="a heartbeat without https",
        typed="config validate",
        files={SETTINGS: '[health]\nheartbeat_url = "hc-ping.com/abc"\n'},
        says=(
            "error: liqmon.toml: 1 problem\n"
            "  --> liqmon.toml:2 health.heartbeat_url: the address is not of the form https://host/path\n"
            "     2 | heartbeat_url = ***\n"
            "       hint: A secret address that is asked after a scan that gave data.\n"
        ),
    ),
    Mistake(
        name="a heartbeat that others can read",
        typed="config validate",
        files={SETTINGS: '[health]\nheartbeat_url = "https://hc-ping.com/abc"\n'},
        modes={SETTINGS: 0o644},
        says=(
            "error: liqmon.toml: 1 problem\n"
            "  --> liqmon.toml:2 health.heartbeat_url: holds the heartbeat's address and is open to others (mode 0644)\n"
            "     2 | heartbeat_url = ***\n"
            "       hint: chmod 600 HOME/liqmon.toml\n"
        ),
    ),
    Mistake(
        name="a heartbeat on the command line",
        typed="watch BTCUSDT --heartbeat-url https://hc-ping.com/abc",
        says=(
            "error: there is no option --heartbeat-url\n"
            "  hint: it is a secret: use LIQMON_HEALTH__HEARTBEAT_URL or the settings file; see liqmon watch --help\n"
        ),
    ),
    Mistake(
        name="a digest at no time",
        typed="config validate",
        files={SETTINGS: '[health]\ndaily_digest = "8"\n'},
        says=(
            "error: liqmon.toml: 1 problem\n"
            '  --> liqmon.toml:2 health.daily_digest: Input should be a time of the day: "08:00"\n'
            '     2 | daily_digest = "8"\n'
            '       hint: When to say "alive" once a day, silently, such as "08:00".\n'
        ),
    ),
    Mistake(
        name="false alerts out of range",
        typed="config validate",
        files={SETTINGS: "[detector]\nfalse_alerts_per_week = 50\n"},
        says=(
            "error: liqmon.toml: 1 problem\n"
            "  --> liqmon.toml:2 detector.false_alerts_per_week: Input should be less than or equal to 20\n"
            "     2 | false_alerts_per_week = 50\n"
            "       hint: How many a market may cost, 0.1 to 20, instead of a sensitivity.\n"
        ),
    ),
    Mistake(
        name="a sensitivity that is none",
        typed="config validate",
        files={SETTINGS: '[detector]\nsensitivity = "high"\n'},
        says=(
            "error: liqmon.toml: 1 problem\n"
            "  --> liqmon.toml:2 detector.sensitivity: Input should be 'calm', 'normal' or 'alert'\n"
            '     2 | sensitivity = "high"\n'
            '       hint: How readily to tell: calm, normal or alert. Default: "normal".\n'
        ),
    ),
    Mistake(
        name="building as yes or no",
        typed="config validate",
        files={SETTINGS: "[detector]\nbuilding = true\n"},
        says=(
            "error: liqmon.toml: 1 problem\n"
            "  --> liqmon.toml:2 detector.building: Input should be 'off', 'silent' or 'on'\n"
            "     2 | building = true\n"
            '       hint: Tell at 0.7 of the threshold what is building: off, silent or on. Default: "off".\n'
        ),
    ),
    Mistake(
        name="a sensitivity of one market that is none",
        typed="config validate",
        files={SETTINGS: '[overrides.BTCUSDT]\nsensitivity = "loud"\n'},
        says=(
            "error: liqmon.toml: 1 problem\n"
            "  --> liqmon.toml:2 overrides.BTCUSDT.sensitivity: Input should be 'calm', 'normal' or 'alert'\n"
            '     2 | sensitivity = "loud"\n'
            "       hint: Replaces what [detector] says for this market.\n"
        ),
    ),
    Mistake(
        name="a key that no market has of its own",
        typed="config validate",
        files={SETTINGS: "[overrides.BTCUSDT]\ncooldown_s = 5\n"},
        says=(
            "error: liqmon.toml: 1 problem\n"
            "  --> liqmon.toml:2 overrides.BTCUSDT.cooldown_s: unknown key\n"
            "     2 | cooldown_s = 5\n"
            "       hint: `cooldown_s` belongs under [detector]\n"
        ),
    ),
    Mistake(
        name="days as a duration",
        typed="config validate",
        files={SETTINGS: '[history]\nkeep_days = "90d"\n'},
        says=(
            "error: liqmon.toml: 1 problem\n"
            "  --> liqmon.toml:2 history.keep_days: Input should be a whole number\n"
            '     2 | keep_days = "90d"\n'
            "       hint: Days for which episodes, deliveries and statistics are kept. Default: 90.\n"
        ),
    ),
    Mistake(
        name="top as a word",
        typed="config validate",
        files={SETTINGS: '[watch]\ntop = "all"\n'},
        says=(
            "error: liqmon.toml: 1 problem\n"
            "  --> liqmon.toml:2 watch.top: Input should be a whole number\n"
            '     2 | top = "all"\n'
            "       hint: Also the so many most active markets; the list is renewed daily.\n"
        ),
    ),
    Mistake(
        name="a receiver in single brackets",
        typed="config validate",
        files={SETTINGS: '[notify]\nurl = "ntfy://topic"\n'},
        says=(
            "error: liqmon.toml: 1 problem\n"
            "  --> liqmon.toml:1 notify: Input should be a list\n"
            "     1 | [notify]\n"
            "       hint: begin each with [[notify]], in two brackets\n"
        ),
    ),
    Mistake(
        name="a receiver without a name",
        typed="config validate",
        files={SETTINGS: '[[notify]]\nurl = "ntfy://topic"\n'},
        says=(
            "error: liqmon.toml: 1 problem\n"
            "  --> liqmon.toml:1 notify[0].name: is missing\n"
            "     1 | [[notify]]\n"
            "       hint: What the route is called; each once.\n"
        ),
    ),
    Mistake(
        name="a receiver in a variable",
        typed="config validate",
        environ={"LIQMON_NOTIFY__URL": "ntfy://topic"},
        says=(
            "error: LIQMON_NOTIFY__URL: 1 problem\n"
            "  --> LIQMON_NOTIFY__URL notify.url: unknown variable\n"
            "       hint: receivers are named in the settings file, a table [[notify]] each\n"
        ),
    ),
    Mistake(
        name="a webhook on the command line",
        typed=f"watch BTCUSDT --webhook-url {URL}",
        says=(
            "error: there is no option --webhook-url\n"
            "  hint: it is a secret: use LIQMON_DISCORD__WEBHOOK_URL or the settings file; see liqmon watch --help\n"
        ),
    ),
    Mistake(
        name="a demo of another exchange",
        typed="demo --exchange okx",
        says=(
            "error: --exchange: 'okx' is not one of 'bybit', 'binanceusdm'\n"
            "  hint: see liqmon demo --help\n"
        ),
    ),
)


@pytest.mark.parametrize("mistake", TABLE, ids=lambda mistake: str(mistake.name))
def test_a_mistake_is_told_in_these_words(
    mistake: Mistake, assert_told: Callable[[Mistake], None]
) -> None:
    assert_told(mistake)
