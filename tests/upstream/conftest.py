"""A client of Stream with small bounds, on whatever port a test serves."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import pytest
import structlog

from tidegate.clock import SystemClock
from tidegate.credentials import Access
from tidegate.upstream.breaker import Breaker
from tidegate.upstream.client import ClientOptions, StreamClient
from tidegate.upstream.quota import Quota
from tidegate.upstream.retry import RetryPolicy

MakeClient = Callable[..., AbstractAsyncContextManager[StreamClient]]


@pytest.fixture
def make_client() -> MakeClient:
    @asynccontextmanager
    async def make(
        base_url, *, key="abcd1234wxyz", token=lambda: "aaa.bbb.ccc", breaker=None, clock=None, **options
    ) -> AsyncIterator[StreamClient]:
        clock = clock or SystemClock()
        client = StreamClient(
            lambda: Access(key, token()),
            ClientOptions(base_url, **{"retry": RetryPolicy(base_s=0.001), "timeout_s": 2.0} | options),
            clock=clock,
            breaker=breaker or Breaker(clock),
            quota=Quota(clock),
            log=structlog.get_logger(),
        )
        try:
            yield client
        finally:
            await client.aclose()

    return make
