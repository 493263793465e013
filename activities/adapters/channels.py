"""The channels and alerts of this installation, built from channels.toml and the environment.

Owns which adapter is built for what, and the reading of secrets. Must never keep the environment. Called by worker.py, and by the
command that tries the channels.
"""

import os
import re
from collections.abc import Mapping
from pathlib import Path

from activities.adapters.apprise_alerts import AppriseAlerts, check_target
from activities.adapters.channels_config import ChannelsConfig, ChannelsFileInvalid, TwilioConfig, load_config
from activities.adapters.credentials import SecretMissing, filled, secret
from activities.adapters.sendgrid_email import SendGridEmail
from activities.adapters.twilio_account import TwilioAccount
from activities.adapters.twilio_calls import TwilioCalls
from activities.adapters.twilio_messages import TwilioMessages
from activities.ports import AlertPort, ChannelPort
from policies.case.vocabulary import Channel

_ACCOUNT_SID = re.compile(r"^AC[0-9a-fA-F]{32}$")


def load_channels(
    path: Path,
    environment: Mapping[str, str] | None = None,
    outbox: ChannelPort | None = None,
    public_url: str | None = None,
) -> dict[Channel, ChannelPort]:
    """The channels that the file names. Raises ChannelsFileInvalid.

    `outbox` serves those that say "outbox". `public_url` is where our web process is reached, if the file does not say it.
    """
    variables = os.environ if environment is None else environment
    config = _with_public_url(path, load_config(path), public_url)
    served = config.channels.adapters()
    twilio = _twilio(path, config, variables) if "twilio" in served.values() else None
    channels: dict[Channel, ChannelPort] = {}
    for channel, adapter in served.items():
        if adapter == "outbox":
            if outbox is None:
                raise ChannelsFileInvalid(f"{path}: channels.{channel}: there is no outbox here; right would be a real adapter")
            channels[channel] = outbox
        elif adapter == "sendgrid":
            key = _secret(path, "sendgrid.api_key_env", config.sendgrid.api_key_env, variables)
            channels[channel] = SendGridEmail(config.sendgrid, key)
        elif twilio is not None:
            sms = channel is Channel.SMS
            channels[channel] = TwilioMessages(twilio, config.twilio.sms) if sms else TwilioCalls(twilio, config.twilio.voice)
    return channels


def load_alerts(path: Path, environment: Mapping[str, str] | None = None, otherwise: AlertPort | None = None) -> AlertPort | None:
    """The alerts that the file describes, or `otherwise` if it has no section for them. Raises ChannelsFileInvalid."""
    variables = os.environ if environment is None else environment
    config = load_config(path).alerts
    if config is None:
        return otherwise
    roles = {role: _targets(path, f"alerts.roles.{role}", targets, variables) for role, targets in config.roles.items()}
    return AppriseAlerts(roles, _targets(path, "alerts.fallback", config.fallback, variables))


def _with_public_url(path: Path, config: ChannelsConfig, given: str | None) -> ChannelsConfig:
    if given is None:
        return config
    # Twilio signs the address that it was told, and the web process checks against its own: two of them would refuse every callback.
    if config.public_url not in (None, given.rstrip("/")):
        raise ChannelsFileInvalid(f"{path}: public_url: differs from MAKEGOOD_PUBLIC_URL; right would be to leave it out here")
    return config.model_copy(update={"public_url": given.rstrip("/")})


def _twilio(path: Path, config: ChannelsConfig, environment: Mapping[str, str]) -> TwilioAccount:
    account: TwilioConfig = config.twilio
    sid = _secret(path, "twilio.account_sid_env", account.account_sid_env, environment)
    if not _ACCOUNT_SID.match(sid):
        raise ChannelsFileInvalid(f"{path}: twilio.account_sid_env: {account.account_sid_env} holds no account SID (AC and 32 hex digits)")
    if account.api_key_sid_env and account.api_key_secret_env:
        user = _secret(path, "twilio.api_key_sid_env", account.api_key_sid_env, environment)
        password = _secret(path, "twilio.api_key_secret_env", account.api_key_secret_env, environment)
    else:
        user, password = sid, _secret(path, "twilio.auth_token_env", account.auth_token_env, environment)
    return TwilioAccount(
        sid,
        user,
        password,
        base_url=account.base_url,
        timeout_s=account.timeout_s,
        step_timeout_s=account.step_timeout_s,
        public_url=config.callback_base,
    )


def _secret(path: Path, key: str, name: str, environment: Mapping[str, str]) -> str:
    try:
        return secret(name, environment)
    except SecretMissing as error:
        raise ChannelsFileInvalid(f"{path}: {key}: {error}") from None


def _targets(path: Path, key: str, targets: list[str], environment: Mapping[str, str]) -> list[str]:
    ready = []
    for place, target in enumerate(targets):
        try:
            ready.append(filled(target, environment))
            check_target(ready[-1])
        except ValueError as error:
            raise ChannelsFileInvalid(f"{path}: {key}.{place}: {error}") from None
    return ready
