import copy
import math
import pickle
import random
import unittest
from datetime import date
from decimal import Decimal
from typing import Any

from crew_sdk import JsonFloat, read_json, write_json


def passed_on(document: str) -> str:
    return write_json(read_json(document)).decode()


class ExactJson(unittest.TestCase):
    def test_numbers_keep_every_digit(self) -> None:
        for number in [
            "0.10000000000000000001",
            "1E400",
            "-0",
            "-0.0",
            "1.50",
            "123456789012345678901234567890",
            "7" * 9000,
        ]:
            self.assertEqual(passed_on(f'{{"n":[{number}]}}'), f'{{"n":[{number}]}}')

    def test_a_number_that_was_read_is_a_float_to_calculate_with(self) -> None:
        number = read_json("0.25")
        self.assertIsInstance(number, float)
        self.assertEqual(number * 2 + 1, 1.5)
        self.assertEqual(
            Decimal(read_json("0.1000000000000000000001").literal) * 10, Decimal("1.000000000000000000001")
        )

    def test_a_number_that_was_copied_keeps_its_digits(self) -> None:
        number = JsonFloat("1.000")
        for same in (copy.deepcopy(number), pickle.loads(pickle.dumps(number))):
            self.assertEqual(write_json(same), b"1.000")

    def test_decimals_and_floats_are_written_as_they_are(self) -> None:
        self.assertEqual(write_json([Decimal("1.10"), 0.1, 1e300, True, None, 3]), b"[1.10,0.1,1e+300,true,null,3]")

    def test_texts_stay_what_they_are_whatever_is_in_them(self) -> None:
        for text in ["é漢😀", 'a"\\\n\x00\x7f', "\ud800 alone", "\u2028"]:
            self.assertEqual(read_json(write_json({text: text})), {text: text})
        self.assertEqual(write_json("é漢"), '"é漢"'.encode())

    def test_empty_arrays_and_objects_and_the_order_of_keys_survive(self) -> None:
        document = '{"z":[],"a":{},"m":[{},[]],"":""}'
        self.assertEqual(passed_on(document), document)

    def test_what_json_cannot_say_is_named_with_its_place(self) -> None:
        refused: list[tuple[Any, str]] = [
            ({"a": [1, date(2026, 1, 1)]}, "/a/1 is of type date"),
            ({"a": math.nan}, "/a is nan"),
            ([Decimal("Infinity")], "/0 is Infinity"),
            ({"a": {(1,): 2}}, "/a has a key of type tuple"),
            (object(), "/ is of type object"),
        ]
        for value, told in refused:
            with self.assertRaises((TypeError, ValueError)) as caught:
                write_json(value)
            self.assertIn(told, str(caught.exception))

    def test_nan_and_infinity_are_not_read(self) -> None:
        for document in ["NaN", "[Infinity]", "-Infinity", ""]:
            with self.assertRaises(ValueError):
                read_json(document)

    def test_any_document_is_written_as_it_was_read(self) -> None:
        seed = random.randrange(2**32)
        chance = random.Random(seed)
        for _ in range(300):
            document = _document(chance, 4)
            self.assertEqual(passed_on(document), document, f"seed {seed}")


def _document(chance: random.Random, depth: int) -> str:
    kind = chance.randrange(6 if depth else 4)
    if kind == 0:
        return chance.choice(["null", "true", "false", '""', '"é\\n"'])
    if kind == 1:
        return str(chance.randrange(-(10**30), 10**30))
    if kind == 2:
        return f"{chance.randrange(1000)}.{chance.randrange(10**25):025d}{chance.choice(['', 'e5', 'E-300'])}"
    if kind == 3:
        return f'"{chance.randrange(10**6):x}"'
    items = [_document(chance, depth - 1) for _ in range(chance.randrange(4))]
    if kind == 4:
        return f"[{','.join(items)}]"
    pairs = ",".join(f'"k{number}":{item}' for number, item in enumerate(items))
    return f"{{{pairs}}}"
