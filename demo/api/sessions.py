"""The current user: signed tokens, and the session and its settings, looked up in Redis at every request."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import time
from dataclasses import dataclass

from demo.api.cache import Cache
from demo.api.errors import ApiError

SESSION_SECONDS = 8 * 3600


@dataclass(frozen=True, slots=True)
class User:
    id: str
    name: str
    role: str

    @property
    def may_write(self) -> bool:
        return self.role != "read_only"


class Sessions:
    """A token is valid by its signature alone, so that people stay logged in while Redis is down or empty."""

    def __init__(self, cache: Cache, secret: bytes) -> None:
        self._cache = cache
        self._secret = secret

    def begin(self, user: User) -> str:
        """Store a new session and return its token."""
        payload = {"id": user.id, "name": user.name, "role": user.role, "expires": int(time.time()) + SESSION_SECONDS}
        body = base64.urlsafe_b64encode(json.dumps(payload).encode()).decode()
        token = f"{body}.{self._signature(body)}"
        self._store(token, user)
        return token

    def user(self, token: str) -> User:
        """The user of a token; raises ApiError 401."""
        user = self._verified(token)
        found = self._cache.get(self._keys(token, user))
        if found is not None and None in found:
            self._store(token, user)
        return user

    def _store(self, token: str, user: User) -> None:
        session, permissions, preferences = self._keys(token, user)
        writes = b"read write" if user.may_write else b"read"
        self._cache.put(
            {session: user.id.encode(), permissions: writes, preferences: b'{"page_size": 25}'}, SESSION_SECONDS
        )

    def _keys(self, token: str, user: User) -> tuple[str, str, str]:
        digest = hashlib.sha256(token.encode()).hexdigest()[:32]
        return f"session:{digest}", f"permissions:{user.id}", f"preferences:{user.id}"

    def _verified(self, token: str) -> User:
        body, _, signature = token.partition(".")
        if not hmac.compare_digest(self._signature(body).encode(), signature.encode()):
            raise ApiError(401, "log in first")
        try:
            payload = json.loads(base64.urlsafe_b64decode(body))
        except (binascii.Error, ValueError) as error:
            raise ApiError(401, "log in first") from error
        if payload["expires"] < time.time():
            raise ApiError(401, "the session has expired")
        return User(payload["id"], payload["name"], payload["role"])

    def _signature(self, body: str) -> str:
        return hmac.new(self._secret, body.encode(), hashlib.sha256).hexdigest()
