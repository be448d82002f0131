"""The service that a good tutorial ends with; the measure of the benchmark.

FastAPI, PyJWT's key-set client, PyJWT for both tokens, nothing else: no cache, no
limits, no metrics. It is started as its own README says, ``uvicorn
stream_token_service:app``, which writes an access log.
"""

import os
import time
from typing import Annotated

import jwt
from fastapi import Depends, FastAPI, HTTPException
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from pydantic import BaseModel

STREAM_API_KEY = os.environ["STREAM_API_KEY"]
STREAM_API_SECRET = os.environ["STREAM_API_SECRET"]
ISSUER = os.environ["CLERK_ISSUER"]

app = FastAPI(title="Stream Chat Token Service")
bearer = HTTPBearer()
keys = jwt.PyJWKClient(os.environ["CLERK_JWKS_URL"])


class TokenResponse(BaseModel):
    token: str
    user_id: str
    api_key: str


async def current_user(credentials: Annotated[HTTPAuthorizationCredentials, Depends(bearer)]) -> str:
    try:
        key = keys.get_signing_key_from_jwt(credentials.credentials)
        claims = jwt.decode(credentials.credentials, key.key, algorithms=["RS256"], issuer=ISSUER)
    except jwt.PyJWTError as error:
        raise HTTPException(status_code=401, detail="Invalid authentication token") from error
    return str(claims["sub"])


@app.post("/stream/token")
async def stream_token(user_id: Annotated[str, Depends(current_user)]) -> TokenResponse:
    now = int(time.time())
    token = jwt.encode({"user_id": user_id, "iat": now, "exp": now + 3600}, STREAM_API_SECRET, algorithm="HS256")
    return TokenResponse(token=token, user_id=user_id, api_key=STREAM_API_KEY)
