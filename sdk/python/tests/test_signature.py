import unittest
from base64 import b64encode

from crew_sdk import SignatureError, sign, verify_signature

# The example of the specification.
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
ID = "msg_p5jXN8AQM9LWM0D4loKWxJek"
AT = 1614265330
BODY = b'{"test": 2432232314}'
SIGNATURE = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="

OTHER = "whsec_" + b64encode(b"x" * 24).decode()


def headers(**fields: str) -> dict[str, str]:
    given = {"id": ID, "timestamp": str(AT), "signature": SIGNATURE, **fields}
    return {f"Webhook-{name.title()}": value for name, value in given.items()}


class Signatures(unittest.TestCase):
    def refused(self, given: dict[str, str], secrets: object = SECRET, body: bytes = BODY, now: float = AT) -> str:
        with self.assertRaises(SignatureError) as caught:
            verify_signature(given, body, secrets, now=now)  # type: ignore[arg-type]
        return str(caught.exception)

    def test_the_vector_of_the_specification_is_made_and_accepted(self) -> None:
        self.assertEqual(sign(SECRET, ID, AT, BODY), SIGNATURE)
        verify_signature(headers(), BODY, SECRET, now=AT)

    def test_one_secret_of_several_is_enough_and_so_is_one_signature(self) -> None:
        verify_signature(headers(), BODY, [OTHER, SECRET], now=AT)
        several = headers(signature=f"v1a,abc v1,{b64encode(bytes(32)).decode()} {SIGNATURE}")
        verify_signature(several, BODY, SECRET, now=AT)

    def test_another_body_id_time_or_secret_is_refused(self) -> None:
        self.refused(headers(), body=BODY + b" ")
        self.refused(headers(id="msg_other"))
        self.refused(headers(timestamp=str(AT + 1)))
        self.refused(headers(), secrets=OTHER)

    def test_while_a_secret_is_replaced_the_old_and_the_new_one_are_enough(self) -> None:
        both = headers(signature=f"{sign(OTHER, ID, AT, BODY)} {SIGNATURE}")
        for known in (SECRET, OTHER, [OTHER, SECRET]):
            verify_signature(both, BODY, known, now=AT)
        self.refused(both, secrets="whsec_" + b64encode(b"y" * 24).decode())

    def test_a_request_without_a_signature_of_this_kind_is_refused(self) -> None:
        renamed = [version + SIGNATURE[2:] for version in ("v1a", "v2", "V1", "v01", "")]
        for signature in ["", "v1", "v1,", SIGNATURE[3:], *renamed, "v1,ümlaut"]:
            self.refused(headers(signature=signature))
        self.refused({})
        self.refused(headers(id=""))

    def test_a_time_is_good_for_five_minutes_before_and_after(self) -> None:
        for now in (AT - 300, AT + 300):
            verify_signature(headers(), BODY, SECRET, now=now)
        for now in (AT - 301, AT + 301):
            self.assertIn("300 s", self.refused(headers(), now=now))
        for timestamp in ["", "soon", "-5", "1e9", "٣", "9" * 400]:
            self.refused(headers(timestamp=timestamp))

    def test_a_secret_that_is_none_is_told_without_showing_it(self) -> None:
        for secret in ["whsec_short", "whsec_" + b64encode(b"x" * 65).decode(), "", "whsec_ü" + "a" * 40]:
            with self.assertRaises(ValueError) as caught:
                verify_signature(headers(), BODY, secret, now=AT)
            self.assertNotIn(secret or "whsec_short", str(caught.exception))
        with self.assertRaises(ValueError):
            verify_signature(headers(), BODY, [], now=AT)
