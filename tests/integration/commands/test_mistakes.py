"""What a user types wrong, and the exact words in which it is said.

Every message says what is wrong, why, and what to do, with file and line where there is
one. To add a row, type the command and paste what it says.
"""
# ruff: noqa: E501 - what is shown is compared whole, line by line

from collections.abc import Callable
from typing import Final

import pytest

from mistyped import DISCORD, SETTINGS, Mistake, at
from webhooks import URL

PLAIN_URL: Final = URL.replace("https", "http")
CANDLES: Final = "open_time,open,high,low,close,volume\n1700000040000,1,1,1,1,1\n"

EXCHANGE: Final = {"LIQMON_EXCHANGE__BASE_URL": "{exchange}"}

TABLE: Final = (
    Mistake(
        name="a command that is not there",
        typed="wach BTCUSDT",
        says=(
            "error: there is no command wach\n"
            "  hint: did you mean watch? see liqmon --help\n"
        ),
    ),
    Mistake(
        name="a command of a group that is not there",
        typed="outbox lst",
        says=(
            "error: there is no command lst\n"
            "  hint: did you mean list? see liqmon outbox --help\n"
        ),
    ),
    Mistake(
        name="an option that is not there",
        typed="watch BTCUSDT --thresold 5",
        says=(
            "error: there is no option --thresold\n"
            "  hint: did you mean --threshold? see liqmon watch --help\n"
        ),
    ),
    Mistake(
        name="an option in front of the command",
        typed="--plain watch BTCUSDT",
        says=("error: there is no option --plain\n  hint: see liqmon --help\n"),
    ),
    Mistake(
        name="an option without its value",
        typed="watch BTCUSDT --for",
        says=("error: --for needs a value\n  hint: see liqmon --help\n"),
    ),
    Mistake(
        name="an argument too many",
        typed="config path foo",
        says=(
            "error: nothing can be done with foo\n"
            "  hint: see liqmon config path --help\n"
        ),
    ),
    Mistake(
        name="an argument that is missing",
        typed="explain",
        says=("error: SYMBOL is missing\n  hint: see liqmon explain --help\n"),
    ),
    Mistake(
        name="an option that is missing",
        typed="explain BTCUSDT",
        says=("error: --at is missing\n  hint: see liqmon explain --help\n"),
    ),
    Mistake(
        name="two forms of output",
        typed="watch BTCUSDT --json --plain",
        says=(
            "error: --json and --plain exclude each other\n"
            "  hint: leave out one of them\n"
        ),
    ),
    Mistake(
        name="a duration that is none",
        typed="watch BTCUSDT --for soon",
        says=(
            "error: --for: 'soon' is no duration; try 30s, 5m or 2h\n"
            "  hint: see liqmon watch --help\n"
        ),
    ),
    Mistake(
        name="a negative duration",
        typed="watch BTCUSDT --for -5s",
        says=(
            "error: --for: '-5s' is no duration; try 30s, 5m or 2h\n"
            "  hint: see liqmon watch --help\n"
        ),
    ),
    Mistake(
        name="no duration at all",
        typed="check BTCUSDT --deadline 0s",
        says=(
            "error: --deadline: '0s' is no duration; try 30s, 5m or 2h\n"
            "  hint: see liqmon check --help\n"
        ),
    ),
    Mistake(
        name="a number that is none",
        typed="watch BTCUSDT --threshold high",
        says=(
            "error: --threshold: should be a valid number\n"
            "  hint: see liqmon watch --help\n"
        ),
    ),
    Mistake(
        name="a number out of bounds",
        typed="watch BTCUSDT --threshold -1",
        says=(
            "error: command line: 1 problem\n"
            "  --> command line detector.threshold: Input should be greater than 0\n"
            "       hint: Score from which a bar is told, instead of a sensitivity.\n"
        ),
    ),
    Mistake(
        name="a timeframe that is not judged",
        typed="watch BTCUSDT --timeframe 3m",
        says=(
            "error: command line: 1 problem\n"
            "  --> command line watch.timeframe: Input should be '1m' or '5m'\n"
            '       hint: Candles that are judged: 1m or 5m. Default: "1m".\n'
        ),
    ),
    Mistake(
        name="a word that is none of those allowed",
        typed="test-webhook --severity huge",
        says=(
            "error: --severity: 'huge' is not one of 'low', 'medium', 'high', 'critical'\n"
            "  hint: see liqmon test-webhook --help\n"
        ),
    ),
    Mistake(
        name="no market at all",
        typed="watch",
        says=(
            "error: no market to watch\n"
            "  hint: name some (liqmon watch BTCUSDT ETHUSDT), say --top 20, or set "
            "[watch] symbols\n"
        ),
    ),
    Mistake(
        name="a settings file that is not there",
        typed="config validate nowhere.toml",
        says=(
            "error: no such file: HOME/nowhere.toml\n"
            "  hint: it was named by the command line: check the path\n"
        ),
    ),
    Mistake(
        name="a settings file that is not there, by the environment",
        typed="config validate",
        environ={"LIQMON_CONFIG": "nowhere.toml"},
        says=(
            "error: no such file: HOME/nowhere.toml\n"
            "  hint: it was named by $LIQMON_CONFIG: check the path\n"
        ),
    ),
    Mistake(
        name="a directory as settings file",
        typed="config validate folder",
        files={"folder": None},
        says=(
            "error: folder cannot be read: Is a directory\n"
            "  hint: name the file, not the directory it is in\n"
        ),
    ),
    Mistake(
        name="no settings file anywhere",
        typed="config path",
        says=(
            "error: there is no settings file\n"
            "  hint: liqmon init makes one; looked for HOME/liqmon.toml or "
            "HOME/.config/liqmon/config.toml\n"
        ),
    ),
    Mistake(
        name="a bracket that is not closed",
        typed="config validate",
        files={SETTINGS: "[watch\nsymbols = []\n"},
        says=(
            "error: liqmon.toml: 1 problem\n"
            "  --> liqmon.toml:1: not TOML: expected ']' at the end of a table declaration (line 1, column 7)\n"
            "     1 | [watch\n"
            "       hint: check quotes and brackets near that line\n"
        ),
    ),
    Mistake(
        name="a quotation mark that is not closed",
        typed="config validate",
        files={SETTINGS: '[watch]\nsymbols = ["BTC]\n'},
        says=(
            "error: liqmon.toml: 1 problem\n"
            "  --> liqmon.toml:2: not TOML: illegal character '\\n' (line 2, column 17)\n"
            '     2 | symbols = ["BTC]\n'
            "       hint: check quotes and brackets near that line\n"
        ),
    ),
    Mistake(
        name="a table that begins twice",
        typed="config validate",
        files={SETTINGS: "[watch]\n[detector]\n[watch]\n"},
        says=(
            "error: liqmon.toml: 1 problem\n"
            "  --> liqmon.toml:3: the table [watch] begins a second time\n"
            "     3 | [watch]\n"
            "       hint: put what it says where it begins first\n"
        ),
    ),
    Mistake(
        name="another encoding",
        typed="config validate",
        files={
            SETTINGS: b'\xff\xfe[\x00w\x00a\x00t\x00c\x00h\x00]\x00\n\x00s\x00y\x00m\x00b\x00o\x00l\x00s\x00 \x00=\x00 \x00[\x00"\x00B\x00T\x00C\x00U\x00S\x00D\x00T\x00"\x00]\x00\n\x00'
        },
        says=(
            "error: liqmon.toml: 1 problem\n"
            "  --> liqmon.toml:1: not UTF-8\n"
            "       hint: save the file as UTF-8\n"
        ),
    ),
    Mistake(
        name="a mistyped key",
        typed="config validate",
        files={SETTINGS: "[watch]\nsymbls = []\n"},
        says=(
            "error: liqmon.toml: 1 problem\n"
            "  --> liqmon.toml:2 watch.symbls: unknown key\n"
            "     2 | symbls = []\n"
            "       hint: did you mean `symbols`?\n"
        ),
    ),
    Mistake(
        name="a mistyped table",
        typed="config validate",
        files={SETTINGS: "[wach]\nsymbols = []\n"},
        says=(
            "error: liqmon.toml: 1 problem\n"
            "  --> liqmon.toml:1 wach: unknown key\n"
            "     1 | [wach]\n"
            "       hint: did you mean `watch`?\n"
        ),
    ),
    Mistake(
        name="a key under the wrong table",
        typed="config validate",
        files={SETTINGS: "[watch]\nthreshold = 5\n"},
        says=(
            "error: liqmon.toml: 1 problem\n"
            "  --> liqmon.toml:2 watch.threshold: unknown key\n"
            "     2 | threshold = 5\n"
            "       hint: `threshold` belongs under [detector]\n"
        ),
    ),
    Mistake(
        name="a number in quotes",
        typed="config validate",
        files={SETTINGS: '[watch]\npoll_interval_s = "5"\n'},
        says=(
            "error: liqmon.toml: 1 problem\n"
            "  --> liqmon.toml:2 watch.poll_interval_s: Input should be a valid number\n"
            '     2 | poll_interval_s = "5"\n'
            "       hint: Seconds from one poll to the next. Default: 5.\n"
        ),
    ),
    Mistake(
        name="a text where a list is due",
        typed="config validate",
        files={SETTINGS: '[watch]\nsymbols = "BTCUSDT"\n'},
        says=(
            "error: liqmon.toml: 1 problem\n"
            "  --> liqmon.toml:2 watch.symbols: Input should be a list\n"
            '     2 | symbols = "BTCUSDT"\n'
            '       hint: write it in brackets: symbols = ["..."]\n'
        ),
    ),
    Mistake(
        name="a value where a table is due",
        typed="config validate",
        files={SETTINGS: "watch = 5\n"},
        says=(
            "error: liqmon.toml: 1 problem\n"
            "  --> liqmon.toml:1 watch: Input should be a table\n"
            "     1 | watch = 5\n"
            "       hint: begin it with [watch] on a line of its own\n"
        ),
    ),
    Mistake(
        name="an interval that is too short",
        typed="config validate",
        files={SETTINGS: "[watch]\npoll_interval_s = 0.2\n"},
        says=(
            "error: liqmon.toml: 1 problem\n"
            "  --> liqmon.toml:2 watch.poll_interval_s: Input should be greater than or equal to 1\n"
            "     2 | poll_interval_s = 0.2\n"
            "       hint: Seconds from one poll to the next. Default: 5.\n"
        ),
    ),
    Mistake(
        name="an empty list of exchanges",
        typed="config validate",
        files={SETTINGS: "[exchange]\nids = []\n"},
        says=(
            "error: liqmon.toml: 1 problem\n"
            "  --> liqmon.toml:2 exchange.ids: Input should have at least one item\n"
            "     2 | ids = []\n"
            "       hint: Exchanges, by the name ccxt gives them.\n"
        ),
    ),
    Mistake(
        name="two tables for one market",
        typed="config validate",
        files={
            SETTINGS: '[overrides.BTCUSDT]\nthreshold = 9\n[overrides."BTC/USDT"]\nthreshold = 10\n'
        },
        says=(
            "error: liqmon.toml: 1 problem\n"
            "  --> liqmon.toml:1 overrides: two tables for one market\n"
            "     1 | [overrides.BTCUSDT]\n"
            "       hint: they are one market: keep one of its tables\n"
        ),
    ),
    Mistake(
        name="a market in two spellings",
        typed="config validate",
        code=0,
        files={SETTINGS: '[watch]\nsymbols = ["BTCUSDT", "BTC/USDT:USDT"]\n'},
        out=("HOME/liqmon.toml: ok\n"),
        says=("warning: watch.symbols names something twice; the first counts\n"),
    ),
    Mistake(
        name="several mistakes at once",
        typed="config validate",
        files={SETTINGS: "[watch]\nsymbls = []\n[retry]\nattempts = 99\n"},
        says=(
            "error: liqmon.toml: 2 problems\n"
            "  --> liqmon.toml:2 watch.symbls: unknown key\n"
            "     2 | symbls = []\n"
            "       hint: did you mean `symbols`?\n"
            "  --> liqmon.toml:4 retry.attempts: Input should be less than or equal to 10\n"
            "     4 | attempts = 99\n"
            "       hint: Calls in all, the first one included. Default: 3.\n"
        ),
    ),
    Mistake(
        name="an exchange elsewhere as base_url",
        typed="config validate",
        files={SETTINGS: '[exchange]\nbase_url = "https://api.bybit.com"\n'},
        says=(
            "error: liqmon.toml: 1 problem\n"
            "  --> liqmon.toml:2 exchange.base_url: only a loopback address, such as http://127.0.0.1:PORT\n"
            '     2 | base_url = "https://api.bybit.com"\n'
            "       hint: A server on this machine in the exchange's place.\n"
        ),
    ),
    Mistake(
        name="a mistyped variable",
        typed="config validate",
        environ={"LIQMON_WATCH__SYMBLS": "BTCUSDT"},
        says=(
            "error: LIQMON_WATCH__SYMBLS: 1 problem\n"
            "  --> LIQMON_WATCH__SYMBLS watch.symbls: unknown variable\n"
            "       hint: did you mean `LIQMON_WATCH__SYMBOLS`?\n"
        ),
    ),
    Mistake(
        name="a variable with one underscore too few",
        typed="config validate",
        code=0,
        environ={"LIQMON_WATCH_SYMBOLS": "BTCUSDT"},
        out=("no settings file; the defaults: ok\n"),
        says=(
            "warning: LIQMON_WATCH_SYMBOLS is no setting; did you mean `LIQMON_WATCH__SYMBOLS`?\n"
        ),
    ),
    Mistake(
        name="a variable of the wrong type",
        typed="config validate",
        environ={"LIQMON_WATCH__POLL_INTERVAL_S": "often"},
        says=(
            "error: LIQMON_WATCH__POLL_INTERVAL_S: 1 problem\n"
            "  --> LIQMON_WATCH__POLL_INTERVAL_S watch.poll_interval_s: Input should be a valid number\n"
            "       hint: Seconds from one poll to the next. Default: 5.\n"
        ),
    ),
    Mistake(
        name="two routes of one name",
        typed="config validate",
        files={
            SETTINGS: '[[discord.routes]]\nname = "a"\n[[discord.routes]]\nname = "a"\n'
        },
        says=(
            "error: liqmon.toml: 1 problem\n"
            "  --> liqmon.toml:1 discord.routes: two routes of one name, a\n"
            "     1 | [[discord.routes]]\n"
            "       hint: give each its own name\n"
        ),
    ),
    Mistake(
        name="a route in single brackets",
        typed="config validate",
        files={SETTINGS: '[discord.routes]\nname = "a"\n'},
        says=(
            "error: liqmon.toml: 1 problem\n"
            "  --> liqmon.toml:1 discord.routes: Input should be a list\n"
            "     1 | [discord.routes]\n"
            "       hint: begin each with [[discord.routes]], in two brackets\n"
        ),
    ),
    Mistake(
        name="a name that cannot be one",
        typed="config validate",
        files={SETTINGS: '[[discord.routes]]\nname = "My Phone"\n'},
        says=(
            "error: liqmon.toml: 1 problem\n"
            "  --> liqmon.toml:2 discord.routes[0].name: Input should be a short name: a to z, 0 to 9, - and _\n"
            '     2 | name = "My Phone"\n'
            "       hint: What the route is called; each once.\n"
        ),
    ),
    Mistake(
        name="quiet hours without minutes",
        typed="config validate",
        files={SETTINGS: '[[discord.routes]]\nname = "a"\nquiet_hours = "23-7"\n'},
        says=(
            "error: liqmon.toml: 1 problem\n"
            '  --> liqmon.toml:3 discord.routes[0].quiet_hours: Input should be two times of the day: "23:00-07:00"\n'
            '     3 | quiet_hours = "23-7"\n'
            '       hint: Silent in these hours of local time, such as "23:00-07:00".\n'
        ),
    ),
    Mistake(
        name="a role without quotes",
        typed="config validate",
        files={
            SETTINGS: '[[discord.routes]]\nname = "a"\nmention_role = 123456789012345678\n'
        },
        says=(
            "error: liqmon.toml: 1 problem\n"
            "  --> liqmon.toml:3 discord.routes[0].mention_role: Input should be a role's id: 15 to 22 digits in quotes\n"
            "     3 | mention_role = 123456789012345678\n"
            "       hint: in Discord: developer mode on, right click on the role, Copy ID\n"
        ),
    ),
    Mistake(
        name="a severity that is none",
        typed="config validate",
        files={SETTINGS: '[[discord.routes]]\nname = "a"\nseverity = ["huge"]\n'},
        says=(
            "error: liqmon.toml: 1 problem\n"
            "  --> liqmon.toml:3 discord.routes[0].severity[0]: Input should be 'low', 'medium', 'high' or 'critical'\n"
            '     3 | severity = ["huge"]\n'
            "       hint: Only these: low, medium, high, critical. Empty: all.\n"
        ),
    ),
    Mistake(
        name="a route that is not there",
        typed="test-webhook --route fone",
        environ=DISCORD,
        says=(
            "error: there is no route `fone`\n"
            "  hint: leave out --route: there is no [[discord.routes]] or [[notify]]\n"
        ),
    ),
    Mistake(
        name="a webhook of Slack",
        typed="config validate",
        files={
            SETTINGS: '[discord]\nwebhook_url = "https://hooks.slack.com/services/T0/B0/xyz"\n'
        },
        says=(
            "error: liqmon.toml: 1 problem\n"
            "  --> liqmon.toml:2 discord.webhook_url: the webhook URL is of another service than Discord\n"
            "     2 | webhook_url = ***\n"
            "       hint: for other services there is [[notify]], with the extra: pip install 'liqmon[notify]'\n"
        ),
    ),
    Mistake(
        name="a webhook of Telegram",
        typed="config validate",
        files={
            SETTINGS: '[discord]\nwebhook_url = "https://api.telegram.org/bot1:a/sendMessage"\n'
        },
        says=(
            "error: liqmon.toml: 1 problem\n"
            "  --> liqmon.toml:2 discord.webhook_url: the webhook URL is of another service than Discord\n"
            "     2 | webhook_url = ***\n"
            "       hint: for other services there is [[notify]], with the extra: pip install 'liqmon[notify]'\n"
        ),
    ),
    Mistake(
        name="the address of a channel",
        typed="config validate",
        files={
            SETTINGS: '[discord]\nwebhook_url = "https://discord.com/channels/123456789012345678/1"\n'
        },
        says=(
            "error: liqmon.toml: 1 problem\n"
            "  --> liqmon.toml:2 discord.webhook_url: the webhook URL is the address of a channel, not of a webhook\n"
            "     2 | webhook_url = ***\n"
            "       hint: copy it in Discord: channel settings, Integrations, Webhooks\n"
        ),
    ),
    Mistake(
        name="a webhook that was cut off",
        typed="config validate",
        files={
            SETTINGS: '[discord]\nwebhook_url = "https://discord.com/api/webhooks/123456789012345678/sho"\n'
        },
        says=(
            "error: liqmon.toml: 1 problem\n"
            "  --> liqmon.toml:2 discord.webhook_url: the webhook URL is not complete\n"
            "     2 | webhook_url = ***\n"
            "       hint: copy it in Discord: channel settings, Integrations, Webhooks\n"
        ),
    ),
    Mistake(
        name="the webhook of the example",
        typed="config validate",
        files={
            SETTINGS: '[discord]\nwebhook_url = "https://discord.com/api/webhooks/<id>/<token>"\n'
        },
        says=(
            "error: liqmon.toml: 1 problem\n"
            "  --> liqmon.toml:2 discord.webhook_url: the webhook URL is still the example\n"
            "     2 | webhook_url = ***\n"
            "       hint: copy it in Discord: channel settings, Integrations, Webhooks\n"
        ),
    ),
    Mistake(
        name="a webhook without https",
        typed="config validate",
        files={SETTINGS: f'[discord]\nwebhook_url = "{PLAIN_URL}"\n'},
        says=(
            "error: liqmon.toml: 1 problem\n"
            "  --> liqmon.toml:2 discord.webhook_url: the webhook URL does not begin with https://\n"
            "     2 | webhook_url = ***\n"
            "       hint: copy it in Discord: channel settings, Integrations, Webhooks\n"
        ),
    ),
    Mistake(
        name="a webhook for Slack's format",
        typed="config validate",
        files={SETTINGS: f'[discord]\nwebhook_url = "{URL}/slack"\n'},
        says=(
            "error: liqmon.toml: 1 problem\n"
            "  --> liqmon.toml:2 discord.webhook_url: the webhook URL ends in /slack or /github; leave that out\n"
            "     2 | webhook_url = ***\n"
            "       hint: copy it in Discord: channel settings, Integrations, Webhooks\n"
        ),
    ),
    Mistake(
        name="a webhook that others can read",
        typed="config validate",
        files={SETTINGS: f'[discord]\nwebhook_url = "{URL}"\n'},
        modes={SETTINGS: 0o644},
        says=(
            "error: liqmon.toml: 1 problem\n"
            "  --> liqmon.toml:2 discord.webhook_url: holds the webhook and is open to others (mode 0644)\n"
            "     2 | webhook_url = ***\n"
            "       hint: chmod 600 HOME/liqmon.toml\n"
        ),
    ),
    Mistake(
        name="a webhook's file that others can read",
        typed="config validate",
        files={SETTINGS: '[discord]\nwebhook_url_file = "hook"\n', "hook": URL},
        modes={"hook": 0o644},
        says=(
            "error: liqmon.toml: 1 problem\n"
            "  --> liqmon.toml:2 discord.webhook_url_file: holds the webhook and is open to others (mode 0644)\n"
            "     2 | webhook_url_file = ***\n"
            "       hint: chmod 600 HOME/hook\n"
        ),
    ),
    Mistake(
        name="a webhook and a file of it",
        typed="config validate",
        files={
            SETTINGS: f'[discord]\nwebhook_url = "{URL}"\nwebhook_url_file = "hook"\n',
            "hook": URL,
        },
        says=(
            "error: liqmon.toml: 1 problem\n"
            "  --> liqmon.toml:3 discord.webhook_url_file: stands beside webhook_url\n"
            "     3 | webhook_url_file = ***\n"
            "       hint: keep one of the two\n"
        ),
    ),
    Mistake(
        name="a webhook's file that is not there",
        typed="config validate",
        files={SETTINGS: '[discord]\nwebhook_url_file = "hook"\n'},
        says=(
            "error: liqmon.toml: 1 problem\n"
            "  --> liqmon.toml:2 discord.webhook_url_file: the file cannot be read: No such file or directory\n"
            "     2 | webhook_url_file = ***\n"
            "       hint: check the path\n"
        ),
    ),
    Mistake(
        name="a webhook where its file is due",
        typed="config validate",
        files={SETTINGS: f'[discord]\nwebhook_url_file = "{URL}"\n'},
        says=(
            "error: liqmon.toml: 1 problem\n"
            "  --> liqmon.toml:2 discord.webhook_url_file: is a URL, where the path of a file should be\n"
            "     2 | webhook_url_file = ***\n"
            "       hint: a URL goes into the key without _file\n"
        ),
    ),
    Mistake(
        name="an empty file for the webhook",
        typed="config validate",
        files={SETTINGS: '[discord]\nwebhook_url_file = "hook"\n', "hook": ""},
        says=(
            "error: liqmon.toml: 1 problem\n"
            "  --> liqmon.toml:2 discord.webhook_url_file: the webhook URL is empty\n"
            "     2 | webhook_url_file = ***\n"
            "       hint: copy it in Discord: channel settings, Integrations, Webhooks\n"
        ),
    ),
    Mistake(
        name="no webhook to test",
        typed="test-webhook",
        says=(
            "error: there is no webhook to test\n"
            "  hint: set LIQMON_DISCORD__WEBHOOK_URL, or webhook_url under [discord]\n"
        ),
    ),
    Mistake(
        name="no webhook to deliver to",
        typed="check BTCUSDT",
        says=(
            "error: no webhook: a finding could not be delivered\n"
            "  hint: set LIQMON_DISCORD__WEBHOOK_URL or discord.webhook_url_file, or say --dry-run\n"
        ),
    ),
    Mistake(
        name="a webhook with a wrong token",
        typed="test-webhook",
        code=4,
        environ=DISCORD,
        out=(
            "not delivered: this webhook does not exist any more (HTTP 404, code 10015: Unknown Webhook)\n"
            "  hint: make a new webhook (channel settings, Integrations, Webhooks) and put its URL into discord.webhook_url\n"
            "HTTP status              404\n"
            "latency                  N ms\n"
        ),
        says="",
    ),
    Mistake(
        name="a Discord that nobody answers for",
        typed="test-webhook",
        code=4,
        environ=DISCORD | {"LIQMON_DISCORD__BASE_URL": "{nobody}"},
        out=(
            "not delivered: cannot connect\n"
            "  hint: run it again; a finding would be kept and tried again\n"
            "latency                  N ms\n"
        ),
        says="",
    ),
    Mistake(
        name="a receiver without a url",
        typed="config validate",
        files={SETTINGS: '[[notify]]\nname = "phone"\n'},
        says=(
            "error: liqmon.toml: 1 problem\n"
            "  --> liqmon.toml:1 notify[0]: has no url\n"
            "     1 | [[notify]]\n"
            "       hint: set url, or url_file, to what apprise calls the receiver\n"
        ),
    ),
    Mistake(
        name="a receiver that is Discord's",
        typed="config validate",
        files={SETTINGS: f'[[notify]]\nname = "phone"\nurl = "{URL}"\n'},
        says=(
            "error: liqmon.toml: 1 problem\n"
            "  --> liqmon.toml:3 notify[0].url: leads to Discord, which liqmon serves itself\n"
            "     3 | url = ***\n"
            "       hint: put the webhook into [discord] or [[discord.routes]]: only there are messages edited\n"
        ),
    ),
    Mistake(
        name="a receiver that others can read",
        typed="config validate",
        files={SETTINGS: '[[notify]]\nname = "phone"\nurl = "ntfy://topic"\n'},
        modes={SETTINGS: 0o640},
        says=(
            "error: liqmon.toml: 1 problem\n"
            "  --> liqmon.toml:3 notify[0].url: holds the URL of a receiver and is open to others (mode 0640)\n"
            "     3 | url = ***\n"
            "       hint: chmod 600 HOME/liqmon.toml\n"
        ),
    ),
    Mistake(
        name="a receiver that apprise does not know",
        typed="test-webhook --route phone",
        files={SETTINGS: '[[notify]]\nname = "phone"\nurl = "nosuch://x"\n'},
        says=(
            "error: the receiver phone cannot be used: apprise does not understand its nosuch:// url\n"
            "  hint: compare it with https://appriseit.com/services/\n"
        ),
    ),
    Mistake(
        name="a receiver without the extra",
        typed="test-webhook --route phone",
        files={SETTINGS: '[[notify]]\nname = "phone"\nurl = "ntfy://topic"\n'},
        lacks=("apprise",),
        says=(
            "error: the receiver phone needs apprise, which is not installed\n"
            "  hint: pip install 'liqmon[notify]'\n"
        ),
    ),
    Mistake(
        name="a picture for a receiver of texts",
        typed="test-webhook --route phone --image",
        files={SETTINGS: '[[notify]]\nname = "phone"\nurl = "ntfy://topic"\n'},
        says=(
            "error: phone takes text only, and nothing of it can be edited\n"
            "  hint: leave out --lifecycle and --image\n"
        ),
    ),
    Mistake(
        name="a picture without the extra",
        typed="test-webhook --image",
        environ=DISCORD,
        lacks=("PIL",),
        says=(
            "error: charts need Pillow, which is not installed\n"
            "  hint: pip install 'liqmon[chart]'\n"
        ),
    ),
    Mistake(
        name="an exchange that is not there",
        typed="check BTCUSDT --dry-run --exchange bibyt",
        says=(
            "error: no exchange is called 'bibyt'\n"
            "  hint: did you mean bybit or upbit or bitso?\n"
        ),
    ),
    Mistake(
        name="an exchange without perpetuals",
        typed="check BTCUSDT --dry-run --exchange coinspot",
        says=(
            "error: coinspot offers no perpetual swaps, no candles, no 1m candles, no 5m candles through ccxt\n"
            "  hint: choose an exchange with perpetual swaps, bybit for example\n"
        ),
    ),
    Mistake(
        name="a market that is not there",
        typed="check NOSUCH --dry-run",
        environ=EXCHANGE,
        says=(
            "error: 'NOSUCH' is no perpetual on bybit\n"
            "  hint: spot markets, dated futures and what was delisted are not watched; liqmon symbols --all lists what is\n"
        ),
    ),
    Mistake(
        name="a mistyped market",
        typed="check BTCUSTD --dry-run",
        environ=EXCHANGE,
        says=(
            "error: 'BTCUSTD' is no perpetual on bybit\n  hint: did you mean BTCUSDT?\n"
        ),
    ),
    Mistake(
        name="a pair that is spot only",
        typed="check DOGEUSDT --dry-run",
        environ=EXCHANGE,
        says=(
            "error: 'DOGEUSDT' is no perpetual on bybit\n"
            "  hint: spot markets, dated futures and what was delisted are not watched; liqmon symbols --all lists what is\n"
        ),
    ),
    Mistake(
        name="a market that is settled in another coin",
        typed="check BTC/USDT:BTC --dry-run",
        environ=EXCHANGE,
        says=(
            "error: 'BTC/USDT:BTC' is no perpetual on bybit\n"
            "  hint: did you mean BTCUSDT?\n"
        ),
    ),
    Mistake(
        name="a market that was delisted",
        typed="check LUNAUSDT --dry-run",
        environ=EXCHANGE,
        says=(
            "error: 'LUNAUSDT' is no perpetual on bybit\n"
            "  hint: spot markets, dated futures and what was delisted are not watched; liqmon symbols --all lists what is\n"
        ),
    ),
    Mistake(
        name="a country that is blocked",
        typed="check BTCUSDT --dry-run",
        code=3,
        environ=at("{blocked}"),
        says=(
            "TIME error liqmon.app.runs: bybit cannot be reached: bybit is not available from this country (HTTP 451); try --exchange okx, or a host in another region\n"
        ),
    ),
    Mistake(
        name="an exchange that was asked too often",
        typed="check BTCUSDT --dry-run",
        code=3,
        environ=at("{forbidden}"),
        says=(
            "TIME error liqmon.app.runs: bybit cannot be reached: access refused for asking too often (HTTP 403); it may be asked again in 600 s\n"
        ),
    ),
    Mistake(
        name="an exchange that is down",
        typed="check BTCUSDT --dry-run",
        code=3,
        environ=at("{failing}"),
        says=(
            "TIME error liqmon.app.runs: bybit cannot be reached: unavailable (HTTP 503); is this machine online, and the exchange up? try again in a minute\n"
        ),
    ),
    Mistake(
        name="no network",
        typed="check BTCUSDT --dry-run",
        code=3,
        environ=at("{nobody}"),
        says=(
            "TIME error liqmon.app.runs: bybit cannot be reached: cannot connect; is this machine online, and the exchange up? try again in a minute\n"
        ),
    ),
    Mistake(
        name="no network to download by",
        typed="download BTCUSDT --since 1d",
        code=3,
        environ=at("{nobody}"),
        says=(
            "the download broke off; what has been fetched is kept, and the same command goes on from there\n"
            "error: cannot connect\n"
            "  hint: is this machine online, and the exchange up? try again in a minute\n"
        ),
    ),
    Mistake(
        name="a file as state directory",
        typed="outbox list --state-dir file",
        files={"file": ""},
        says=(
            "error: cannot make the state directory HOME/file: there is a file of that name\n"
            "  hint: name another one with --state-dir or LIQMON_STATE_DIR\n"
        ),
    ),
    Mistake(
        name="a state directory below a file",
        typed="outbox list --state-dir file/state",
        files={"file": ""},
        says=(
            "error: cannot make the state directory HOME/file/state: Not a directory\n"
            "  hint: name another one with --state-dir or LIQMON_STATE_DIR\n"
        ),
    ),
    Mistake(
        name="the state of a newer liqmon",
        typed="outbox list",
        scene="a newer state",
        says=(
            "error: the state was written by a newer liqmon (schema 999; this liqmon 0.1.0 knows 3)\n"
            "  hint: upgrade liqmon, or name another directory with --state-dir\n"
        ),
    ),
    Mistake(
        name="a second run",
        typed="check BTCUSDT",
        code=75,
        environ=EXCHANGE | DISCORD,
        scene="another run",
        says=(
            "error: another run (process PID) uses HOME/state/liqmon\n"
            "  hint: stop that one, or give this one a directory of its own: --state-dir\n"
        ),
    ),
    Mistake(
        name="a log file in a folder that is not there",
        typed="watch BTCUSDT --dry-run --log-file no/x.log",
        says=(
            "error: cannot write the log file HOME/no/x.log: No such file or directory\n"
            "  hint: make its directory, or name another: --log-file\n"
        ),
    ),
    Mistake(
        name="a message that is not in the outbox",
        typed="outbox show 99",
        says=(
            "error: there is no message 99 in the outbox\n"
            "  hint: see liqmon outbox list\n"
        ),
    ),
    Mistake(
        name="an id that is no number",
        typed="outbox show abc",
        says=(
            "error: ID: should be a valid integer\n"
            "  hint: see liqmon outbox show --help\n"
        ),
    ),
    Mistake(
        name="nothing to retry",
        typed="outbox retry",
        says=(
            "error: retry what? either ids or --all\n"
            "  hint: see liqmon outbox list for the ids\n"
        ),
    ),
    Mistake(
        name="a message to retry that is not there",
        typed="outbox retry 7",
        says=(
            "error: there is no message 7 in the outbox\n"
            "  hint: see liqmon outbox list\n"
        ),
    ),
    Mistake(
        name="an archive without candles",
        typed="backtest BTCUSDT --since 90d",
        says=(
            "error: the archive has no 1m candles of BTCUSDT on bybit\n"
            "  hint: liqmon download BTCUSDT --exchange bybit --timeframe 1m, or name files with --data\n"
        ),
    ),
    Mistake(
        name="an archive without candles to tune by",
        typed="tune BTCUSDT",
        says=(
            "error: the archive has no 1m candles of BTCUSDT on bybit\n"
            "  hint: liqmon download BTCUSDT --exchange bybit --timeframe 1m, or name files with --data\n"
        ),
    ),
    Mistake(
        name="a beginning that is no time",
        typed="backtest --data BTCUSDT_1m.csv --since yesterday",
        files={"BTCUSDT_1m.csv": CANDLES},
        says=(
            "error: --since yesterday: no time that can be read\n"
            "  hint: write 2021-05-19T12:00, or milliseconds since 1970, or a span such as 90d\n"
        ),
    ),
    Mistake(
        name="a moment that is no time",
        typed="explain BTCUSDT --data BTCUSDT_1m.csv --at noon",
        files={"BTCUSDT_1m.csv": CANDLES},
        says=(
            "error: --at noon: no time that can be read\n"
            "  hint: write 2021-05-19T12:00, or milliseconds since 1970\n"
        ),
    ),
    Mistake(
        name="a file of candles that is not there",
        typed="backtest --data BTCUSDT_1m.csv",
        says=(
            "error: BTCUSDT_1m.csv: cannot be read: No such file or directory\n"
            "  hint: check the path and the file\n"
        ),
    ),
    Mistake(
        name="a file that is no candles",
        typed="backtest --data BTCUSDT_1m.csv",
        files={"BTCUSDT_1m.csv": "hello\nworld\n"},
        says=(
            "error: BTCUSDT_1m.csv:1: the header has no column open_time, open, high, low, close, volume\n"
            "  hint: the columns needed are open_time, open, high, low, close, volume\n"
        ),
    ),
    Mistake(
        name="an empty file of candles",
        typed="backtest --data BTCUSDT_1m.csv",
        files={"BTCUSDT_1m.csv": ""},
        says=("error: BTCUSDT_1m.csv: the file is empty\n  hint: download it again\n"),
    ),
    Mistake(
        name="a damaged file of candles",
        typed="backtest --data BTCUSDT-1m-2024-01.zip",
        files={"BTCUSDT-1m-2024-01.zip": "PK?"},
        says=(
            "error: BTCUSDT-1m-2024-01.zip: the file is damaged: File is not a zip file\n"
            "  hint: download it again\n"
        ),
    ),
    Mistake(
        name="thresholds for a settings file that is not there",
        typed="tune BTCUSDT --write",
        says=(
            "error: --write: there is no settings file\n"
            "  hint: make one (touch liqmon.toml), or name one with --config\n"
        ),
    ),
    Mistake(
        name="recorded and made-up markets at once",
        typed="sim --seed 1 --data x.csv",
        says=(
            "error: --data and --seed: markets are either recorded or generated\n"
            "  hint: leave out one of them\n"
        ),
    ),
    Mistake(
        name="a port that is taken",
        typed="sim --port {busy_port}",
        says=(
            "error: cannot listen on port PORT: address already in use\n"
            "  hint: choose another --port, or leave it out for any free one\n"
        ),
    ),
    Mistake(
        name="a port that is none",
        typed="sim --port 99999",
        says=(
            "error: --port: should be less than or equal to 65535\n"
            "  hint: see liqmon sim --help\n"
        ),
    ),
    Mistake(
        name="a file that does not say of which market",
        typed="backtest --data prices.csv",
        files={"prices.csv": CANDLES},
        says=(
            "error: prices.csv: the name of the file does not say which market it is\n"
            "  hint: name it like BTCUSDT-1m-2024-01.csv or BTCUSDT_1m.csv.gz\n"
        ),
    ),
    Mistake(
        name="a receiver that apprise does not know, in the settings",
        typed="config validate",
        files={SETTINGS: '[[notify]]\nname = "phone"\nurl = "nosuch://x"\n'},
        says=(
            "error: the receiver phone cannot be used: apprise does not understand its nosuch:// url\n"
            "  hint: compare it with https://appriseit.com/services/\n"
        ),
    ),
    Mistake(
        name="a receiver that cannot be silent",
        typed="watch BTCUSDT --for 1s",
        files={
            SETTINGS: '[[notify]]\nname = "phone"\nurl = "json://127.0.0.1"\nmode = "silent"\n'
        },
        says=(
            'error: the receiver phone cannot have mode = "silent": JSON knows no silent messages\n'
            '  hint: use mode = "on", and severity = [...] for fewer messages\n'
        ),
    ),
    Mistake(
        name="a receiver's file that others can read",
        typed="config validate",
        files={
            SETTINGS: '[[notify]]\nname = "phone"\nurl_file = "phone"\n',
            "phone": "ntfy://topic",
        },
        modes={"phone": 0o644},
        says=(
            "error: liqmon.toml: 1 problem\n"
            "  --> liqmon.toml:3 notify[0].url_file: holds the URL of a receiver and is open to others (mode 0644)\n"
            '     3 | url_file = "phone"\n'
            "       hint: chmod 600 HOME/phone\n"
        ),
    ),
    Mistake(
        name="a receiver that is named like a route",
        typed="config validate",
        files={
            SETTINGS: '[[discord.routes]]\nname = "phone"\n[[notify]]\nname = "phone"\nurl = "ntfy://topic"\n'
        },
        says=(
            "error: liqmon.toml: 1 problem\n"
            "  --> liqmon.toml:4 notify[0].name: is the name of a route of [discord] too\n"
            '     4 | name = "phone"\n'
            "       hint: choose another name\n"
        ),
    ),
)


def test_no_two_rows_have_one_name_and_there_are_enough() -> None:
    assert len({mistake.name for mistake in TABLE}) == len(TABLE) >= 40


@pytest.mark.parametrize("mistake", TABLE, ids=lambda mistake: str(mistake.name))
def test_a_mistake_is_told_in_these_words(
    mistake: Mistake, assert_told: Callable[[Mistake], None]
) -> None:
    assert_told(mistake)
