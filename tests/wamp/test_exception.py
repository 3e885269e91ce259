"""What exceptions say to people."""

import ssl

import pytest

from wamp.exception import ApplicationError, TransportLost, in_brief


def not_verified() -> ssl.SSLCertVerificationError:
    error = ssl.SSLCertVerificationError(1, "[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed (_ssl.c:1006)")
    error.verify_message = "self-signed certificate"
    return error


@pytest.mark.parametrize(
    ("exception", "text"),
    [
        (TransportLost("not connected"), "not connected"),
        (ApplicationError("com.example.error", "no tea", 3, hint="coffee"), "com.example.error: no tea 3"),
        (ApplicationError("com.example.error"), "com.example.error"),
        (OSError(2, "No such file or directory", "/run/router.sock"), "No such file or directory"),
        (OSError("something else"), "something else"),
        (ConnectionRefusedError(111, "Connect call failed ('127.0.0.1', 8080)"), "Connection refused"),
        (
            OSError(
                "Multiple exceptions: [Errno 111] Connect call failed ('::1', 8080, 0, 0), "
                "[Errno 111] Connect call failed ('127.0.0.1', 8080)"
            ),
            "Connection refused",
        ),
        (not_verified(), "the router's certificate is not accepted: self-signed certificate"),
    ],
)
def test_an_exception_in_brief_is_what_people_need(exception: Exception, text: str) -> None:
    """Neither numbers nor what they have typed themselves."""
    assert text == in_brief(exception)
