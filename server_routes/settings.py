"""``/lorakeeper/settings``, and ``/lorakeeper/credentials``, through which keys go in and never out."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict, JsonValue, RootModel, SecretStr

from ..py.credentials import CredentialStatus, Service
from ..py.settings import Settings
from .openapi import Api

if TYPE_CHECKING:
    from ..py.app import App


class SettingsChange(RootModel[dict[str, JsonValue]]):
    """Any of the settings by name; what is left out stays."""


class CredentialsView(BaseModel):
    civitai: CredentialStatus
    gemini: CredentialStatus


class NewKey(BaseModel):
    model_config = ConfigDict(extra="forbid")

    key: SecretStr


class Configured(BaseModel):
    configured: bool


def add(api: Api, services: App) -> None:
    @api.get("settings", "The settings as they are")
    async def get() -> Settings:
        return services.settings.public()

    @api.patch("settings", "Change settings")
    async def change(body: SettingsChange) -> Settings:
        return (await asyncio.to_thread(services.store.update, body.root)).public()

    @api.get("credentials", "Which keys are configured, each masked")
    async def credentials() -> CredentialsView:
        civitai, gemini = await asyncio.gather(
            *(asyncio.to_thread(services.credentials.status, service) for service in ("civitai", "gemini"))
        )
        return CredentialsView(civitai=civitai, gemini=gemini)

    @api.put("credentials/{service}", "Keep a key")
    async def put(service: Service, body: NewKey) -> Configured:
        await asyncio.to_thread(services.credentials.set, service, body.key.get_secret_value())
        return Configured(configured=True)

    @api.delete("credentials/{service}", "Forget a kept key; one from the environment stays configured")
    async def forget(service: Service) -> Configured:
        await asyncio.to_thread(services.credentials.forget, service)
        status = await asyncio.to_thread(services.credentials.status, service)
        return Configured(configured=status.configured)
