"""channels.toml: what it builds, and what an error says (the file, the key, what would be right; never a value)."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
import pytest_asyncio

from activities.adapters.channels import load_alerts, load_channels
from activities.adapters.channels_config import ChannelsFileInvalid, load_config
from activities.ports import AlertMessage, ChannelPort, Outgoing, SendFailed, Sent
from policies.case.vocabulary import Channel
from tests.vendors import SendGridServer, TwilioServer, sendgrid_server, twilio_server

pytestmark = pytest.mark.asyncio(loop_scope="module")
ROOT = Path(__file__).resolve().parents[2]
AT = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
SID = "AC" + "0" * 31 + "1"
ENVIRONMENT = {
    "SENDGRID_API_KEY": "SG.loopback.key",
    "TWILIO_ACCOUNT_SID": SID,
    "TWILIO_AUTH_TOKEN": "loopback-auth-token-0123456789ab",
    "SLACK_TOKEN_A": "T1JJ3T3L2",
    "SLACK_TOKEN_B": "A1BRTD4JD",
    "SLACK_TOKEN_C": "TIiajkdnlazkcOXrIdevi7FQ",
    "PAGERDUTY_KEY": "key0123456789",
    "PAGERDUTY_SOURCE": "makegood",
    "ALERT_SMTP_USER": "alerts",
    "ALERT_SMTP_PASSWORD": "s3cret",
}
ALL = '[channels]\nemail = "sendgrid"\nsms = "twilio"\nvoice = "twilio"\n'


class Outbox:
    """A channel that is only there to be handed on."""

    name = "outbox"
    idempotent = True

    async def send(self, outgoing: Outgoing, at: datetime) -> Sent:
        raise AssertionError("not used")

    async def find(self, outgoing: Outgoing, since: datetime) -> Sent | None:
        raise AssertionError("not used")


@pytest_asyncio.fixture(loop_scope="module")
async def sendgrid() -> AsyncIterator[SendGridServer]:
    async with sendgrid_server() as server:
        yield server


@pytest_asyncio.fixture(loop_scope="module")
async def twilio() -> AsyncIterator[TwilioServer]:
    async with twilio_server() as server:
        yield server


def written(tmp_path: Path, text: str) -> Path:
    file = tmp_path / "channels.toml"
    file.write_text(text, encoding="utf-8")
    return file


def refusal(tmp_path: Path, text: str, environment: dict[str, str] | None = None) -> str:
    file = written(tmp_path, text)

    def load_both() -> None:
        load_channels(file, ENVIRONMENT if environment is None else environment)
        load_alerts(file, ENVIRONMENT if environment is None else environment)

    with pytest.raises(ChannelsFileInvalid) as raised:
        load_both()
    assert str(raised.value).startswith(f"{file}: ")
    return str(raised.value).removeprefix(f"{file}: ")


def outgoing(channel: Channel, address: str, sender: str) -> Outgoing:
    return Outgoing(
        delivery_id="d-1",
        message_id="m-1",
        case_id="c-1",
        channel=channel,
        address=address,
        sender=sender,
        subject="s",
        text="t",
        locale="en",
    )


async def test_one_file_and_the_environment_make_channels_that_send(tmp_path: Path, sendgrid: SendGridServer, twilio: TwilioServer) -> None:
    file = written(
        tmp_path,
        'public_url = "https://care.shop.example/"\n'
        + ALL
        + f'[sendgrid]\nbase_url = "{sendgrid.url}"\n[twilio]\nbase_url = "{twilio.url}/"\n'
        + '[twilio.sms]\nsender = "+15005550006"\n',
    )
    channels = load_channels(file, ENVIRONMENT)
    assert [(channel, port.name) for channel, port in channels.items()] == [
        (Channel.EMAIL, "sendgrid"),
        (Channel.SMS, "twilio"),
        (Channel.VOICE, "twilio"),
    ]
    await channels[Channel.EMAIL].send(outgoing(Channel.EMAIL, "jane@example.com", "help@shop.example"), AT)
    await channels[Channel.SMS].send(outgoing(Channel.SMS, "+4915112345678", "ignored"), AT)
    await channels[Channel.VOICE].send(outgoing(Channel.VOICE, "+4915112345678", "+15005550006"), AT)
    assert (len(sendgrid.accepted), len(twilio.messages), len(twilio.calls)) == (1, 1, 1)
    assert twilio.messages[0].status_callback == "https://care.shop.example/webhooks/twilio/status?n=d-1#rc=3&rp=all"


async def test_secrets_may_stand_in_files(tmp_path: Path, sendgrid: SendGridServer) -> None:
    key = tmp_path / "key"
    key.write_text("SG.loopback.key\n", encoding="utf-8")
    file = written(tmp_path, f'[channels]\nemail = "sendgrid"\n[sendgrid]\nbase_url = "{sendgrid.url}"\napi_key_env = "MAIL_KEY"\n')
    channels = load_channels(file, {"MAIL_KEY_FILE": str(key)})
    await channels[Channel.EMAIL].send(outgoing(Channel.EMAIL, "jane@example.com", "help@shop.example"), AT)
    assert len(sendgrid.accepted) == 1


async def test_the_public_address_may_come_from_the_settings_but_not_two_of_them(tmp_path: Path, twilio: TwilioServer) -> None:
    rest = f'[channels]\nsms = "twilio"\n[twilio]\nbase_url = "{twilio.url}"\n'
    for text in (rest, 'public_url = "https://care.shop.example/"\n' + rest):
        channels = load_channels(written(tmp_path, text), ENVIRONMENT, public_url="https://care.shop.example")
        await channels[Channel.SMS].send(outgoing(Channel.SMS, "+4915112345678", "+15005550006"), AT)
    assert {text.status_callback for text in twilio.messages} == {"https://care.shop.example/webhooks/twilio/status?n=d-1#rc=3&rp=all"}
    with pytest.raises(ChannelsFileInvalid, match="public_url: differs from MAKEGOOD_PUBLIC_URL"):
        load_channels(written(tmp_path, text), ENVIRONMENT, public_url="https://other.example")
    await load_channels(written(tmp_path, rest), ENVIRONMENT)[Channel.SMS].send(outgoing(Channel.SMS, "+4915112345678", "+15005550006"), AT)
    assert twilio.messages[-1].status_callback is None


async def test_an_address_of_this_machine_is_told_to_nobody_else(tmp_path: Path) -> None:
    text = 'public_url = "http://127.0.0.1:8400"\n[channels]\n[twilio]\nbase_url = "{}"\n'
    assert load_config(written(tmp_path, text.format("https://api.twilio.com"))).callback_base is None
    assert load_config(written(tmp_path, text.format("http://127.0.0.1:9"))).callback_base == "http://127.0.0.1:8400"
    assert load_config(
        written(tmp_path, text.format("http://127.0.0.1:9").replace("http://127.0.0.1:8400", "https://care.example"))
    ).callback_base


async def test_an_api_key_stands_for_the_account(tmp_path: Path, twilio: TwilioServer) -> None:
    twilio.users = {"SK1": "key-secret"}
    file = written(
        tmp_path,
        f'[channels]\nsms = "twilio"\n[twilio]\nbase_url = "{twilio.url}"\napi_key_sid_env = "KEY"\napi_key_secret_env = "KEY_SECRET"\n',
    )
    channels = load_channels(file, {"TWILIO_ACCOUNT_SID": SID, "KEY": "SK1", "KEY_SECRET": "key-secret"})
    await channels[Channel.SMS].send(outgoing(Channel.SMS, "+4915112345678", "+15005550006"), AT)
    assert len(twilio.messages) == 1


async def test_a_channel_that_is_not_named_is_not_offered_and_the_outbox_only_where_it_is(tmp_path: Path) -> None:
    outbox: ChannelPort = Outbox()
    assert load_channels(written(tmp_path, '[channels]\nsms = "outbox"\n'), {}, outbox) == {Channel.SMS: outbox}
    assert load_channels(written(tmp_path, "[channels]\n"), {}, outbox) == {}
    assert "channels.sms: there is no outbox here" in refusal(tmp_path, '[channels]\nsms = "outbox"\n')


async def test_the_example_can_be_used() -> None:
    file = ROOT / "examples" / "channels.toml"
    assert set(load_channels(file, ENVIRONMENT)) == set(Channel)
    assert load_alerts(file, ENVIRONMENT) is not None


async def test_alerts_go_where_the_file_says(tmp_path: Path, twilio: TwilioServer) -> None:
    host = twilio.url.removeprefix("http://")
    file = written(tmp_path, f'[channels]\n[alerts]\nfallback = ["json://${{USER}}:x@{host}/fallback"]\n')
    alerts = load_alerts(file, {"USER": "alerts"})
    assert alerts is not None
    message = AlertMessage(alert_id="a", case_id="c", to=[], role="lead", level=1, title="t", body="b")
    twilio.users = {"alerts": "x"}
    with pytest.raises(SendFailed, match="apprise_404"):  # Twilio on loopback knows no such path; that it was asked is the point
        await alerts.alert(message, AT)
    assert [request.path for request in twilio.requests] == ["/fallback"]


async def test_without_a_section_for_alerts_they_go_elsewhere(tmp_path: Path) -> None:
    assert load_alerts(written(tmp_path, "[channels]\n"), {}) is None


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "channels: Field required"),
        ('[channels]\nemail = "smtp"\n', "channels.email: Input should be 'sendgrid' or 'outbox'"),
        ('[channels]\nfax = "x"\n', "channels.fax: this key is not known"),
        ('[channels]\n[sendgrid]\napi_key = "SG.s3cret"\n', "sendgrid.api_key: this key is not known"),
        ('[channels]\n[sendgrid]\nbase_url = "http://api.sendgrid.com"\n', "base_url: http:// sends the credentials unprotected"),
        ('[channels]\n[twilio]\nbase_url = "api.twilio.com"\n', "twilio.base_url: it must be an absolute address"),
        ('[channels]\n[twilio]\nbase_url = "https://user:s3cret@api.twilio.com"\n', "twilio.base_url: it must be an absolute address"),
        ("[channels]\n[twilio]\ntimeout_s = 20\n", "twilio.timeout_s: Input should be less than or equal to 12"),
        ("[channels]\n[twilio.sms]\nmax_segments = 0\n", "twilio.sms.max_segments: Input should be greater than or equal to 1"),
        ('[channels]\n[twilio.sms]\nmessaging_service_sid = "s3cret"\n', "twilio.sms.messaging_service_sid: String should match"),
        (
            f'[channels]\n[twilio.sms]\nmessaging_service_sid = "MG{"0" * 32}"\nsender = "+49301"\n',
            "twilio.sms: messaging_service_sid and sender exclude each other",
        ),
        ('[channels]\n[twilio]\napi_key_sid_env = "KEY"\n', "api_key_sid_env and api_key_secret_env belong together"),
        ('public_url = "http://care.shop.example"\n[channels]\n', "public_url: vendors send customers' numbers there; use https://"),
        ('public_url = "https://care_1.shop.example"\n[channels]\n', "public_url: Twilio refuses host names with an underscore"),
        ('public_url = "https://care.shop.example?x=1"\n[channels]\n', "public_url: it must be an absolute address"),
        ("[channels]\n[alerts]\nfallback = []\n", "alerts.fallback: List should have at least 1 item"),
        ('[channels]\n[alerts]\nfallback = ["nosuch://s3cret"]\n', "alerts.fallback.0: apprise makes nothing of this nosuch address"),
        (
            '[channels]\n[alerts]\nfallback = ["json://localhost"]\n[alerts.roles]\nlead = ["json://localhost", "slack://${NO_TOKEN}"]\n',
            "alerts.roles.lead.1: the environment variable NO_TOKEN is not set (nor NO_TOKEN_FILE)",
        ),
        ('[channels]\n[alerts]\nfallback = ["json://${}"]\n', "alerts.fallback.0: a secret is named by an environment variable"),
        ("[channels\n", "no valid TOML"),
    ],
)
async def test_an_error_names_the_key_and_never_the_value(tmp_path: Path, text: str, says: str) -> None:
    said = refusal(tmp_path, text)
    assert says in said
    assert "s3cret" not in said


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"SENDGRID_API_KEY": ""}, "sendgrid.api_key_env: the environment variable SENDGRID_API_KEY is not set"),
        ({"SENDGRID_API_KEY_FILE": "/x"}, "sendgrid.api_key_env: SENDGRID_API_KEY and SENDGRID_API_KEY_FILE are both set"),
        ({"SENDGRID_API_KEY": "", "SENDGRID_API_KEY_FILE": "/no/such/file"}, "SENDGRID_API_KEY_FILE: the file cannot be read"),
        ({"SENDGRID_API_KEY": "", "SENDGRID_API_KEY_FILE": "/dev/null"}, "SENDGRID_API_KEY_FILE: the file is empty"),
        ({"SENDGRID_API_KEY": "s3cret\nX-Injected: 1"}, "SENDGRID_API_KEY: a secret is one line of printable ASCII"),
        ({"TWILIO_AUTH_TOKEN": ""}, "twilio.auth_token_env: the environment variable TWILIO_AUTH_TOKEN is not set"),
        ({"TWILIO_ACCOUNT_SID": "s3cret"}, "twilio.account_sid_env: TWILIO_ACCOUNT_SID holds no account SID"),
    ],
)
async def test_an_error_about_a_secret_names_its_variable(tmp_path: Path, changes: dict[str, str], says: str) -> None:
    said = refusal(tmp_path, ALL, {**ENVIRONMENT, **changes})
    assert says in said
    assert "s3cret" not in said


async def test_only_what_is_used_needs_its_secrets(tmp_path: Path) -> None:
    assert set(load_channels(written(tmp_path, '[channels]\nemail = "sendgrid"\n'), {"SENDGRID_API_KEY": "SG.x"})) == {Channel.EMAIL}


async def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ChannelsFileInvalid, match="cannot be read"):
        load_config(tmp_path / "none.toml")
