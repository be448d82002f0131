"""The body of a request, as it came."""

from starlette.requests import ClientDisconnect, Request

from tidegate.errors import Reason, Refusal


async def body_of(request: Request, most: int) -> bytes:
    """The octets of a body: what is signed, or read strictly. No form is ever parsed here.

    Args:
        request: whose body.
        most: octets that it may have.

    Raises:
        Refusal: ``body_too_large``, and the rest of it is not read; ``request_invalid`` where the sender left.
    """
    too_large = Refusal(Reason.BODY_TOO_LARGE, f"The body is larger than {most} octets.")
    length = request.headers.get("content-length", "0")
    if len(length) > len(str(most)) or not length.isdigit() or int(length) > most:
        raise too_large
    body = bytearray()
    try:
        async for chunk in request.stream():
            body += chunk
            if len(body) > most:
                raise too_large
    except ClientDisconnect:
        raise Refusal(Reason.REQUEST_INVALID, "The body did not come to its end.") from None
    return bytes(body)
