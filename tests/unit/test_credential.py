from liqmon.settings.hidden_url import HiddenUrl
from liqmon.settings.receivers import ReceiverUrl

URL = "https://host.example/0f3c1a52"


def test_two_kinds_of_the_same_text_are_two_but_have_one_fingerprint() -> None:
    hidden, receiver = HiddenUrl(URL), ReceiverUrl(URL)

    assert hidden != receiver
    assert hidden.fingerprint == receiver.fingerprint
    assert len(hidden.fingerprint) == 12
    assert hidden.fingerprint not in URL
