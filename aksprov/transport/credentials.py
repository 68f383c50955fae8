"""The passwords of an inventory entry, found when its host is contacted and held by that connection alone."""

from __future__ import annotations

import getpass

from aksprov.model.host import Host
from aksprov.transport.passwords import Password, Passwords
from aksprov.transport.secret_sources import SecretSources


class Credentials:
    """Finds passwords, and keeps count of which of them hosts have taken or refused."""

    def __init__(self, secrets: SecretSources) -> None:
        self._secrets = secrets
        self._passwords = Passwords()

    async def to_log_in(self, host: Host) -> Password | None:
        """The password of the user, None where the entry has none; raises as SecretSources.find does."""
        return await self._find(host, host.password_ref, "password_ref", "Password of {user}: ")

    async def to_become_root(self, host: Host) -> Password | None:
        """The password that sudo may ask for, likewise."""
        return await self._find(host, host.become_password_ref, "become_password_ref", "sudo password of {user}: ")

    async def _find(self, host: Host, reference: str | None, key: str, question: str) -> Password | None:
        if reference is None:
            return None
        user = user_of(host)
        where = f"{host.name}, {key}"
        text = await self._secrets.find(reference, where=where, question=question.format(user=user))
        return self._passwords.password(text, host=host.name, user=user, reference=reference)


def user_of(host: Host) -> str:
    """Who logs in."""
    return host.user or getpass.getuser()
