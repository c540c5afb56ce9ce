"""Makes trips that look like the published ones: same columns, empty cells, counts as `1` or `1.0`, refunds."""

import csv
import io
import random
from datetime import UTC, datetime, timedelta

YELLOW = """
VendorID tpep_pickup_datetime tpep_dropoff_datetime passenger_count trip_distance RatecodeID store_and_fwd_flag
PULocationID DOLocationID payment_type fare_amount extra mta_tax tip_amount tolls_amount improvement_surcharge
total_amount congestion_surcharge
"""
GREEN = """
VendorID lpep_pickup_datetime lpep_dropoff_datetime store_and_fwd_flag RatecodeID PULocationID DOLocationID
passenger_count trip_distance fare_amount extra mta_tax tip_amount tolls_amount ehail_fee improvement_surcharge
total_amount payment_type trip_type congestion_surcharge
"""
COLUMNS = {"yellow": YELLOW.split(), "green": GREEN.split()}


def month(taxi: str, year: int, number: int, rows: int) -> bytes:
    """A CSV file of one month with that many different trips; the same arguments always give the same bytes."""
    draw = random.Random(f"{taxi} {year}-{number}")
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS[taxi], lineterminator="\n")
    writer.writeheader()
    writer.writerows(_trip(draw, taxi, datetime(year, number, 1, tzinfo=UTC), index) for index in range(rows))
    return text.getvalue().encode()


def _trip(draw: random.Random, taxi: str, start: datetime, index: int) -> dict[str, str]:
    pickup = start + timedelta(seconds=index * 97 + draw.randrange(97))
    fare = round(draw.uniform(2.5, 80), 1) * draw.choice([1, 1, 1, -1])
    known = draw.random() > 0.1
    trip = {name: str(round(draw.uniform(0, 5), 2)) for name in COLUMNS[taxi]}
    prefix = "tpep" if taxi == "yellow" else "lpep"
    trip |= {
        "VendorID": draw.choice("12") if known else "",
        f"{prefix}_pickup_datetime": _text(pickup),
        f"{prefix}_dropoff_datetime": _text(pickup + timedelta(seconds=draw.randrange(60, 4000))),
        "store_and_fwd_flag": draw.choice("NY") if known else "",
        "passenger_count": draw.choice(["1", "2", "1.0"]) if known else "",
        "RatecodeID": draw.choice("12") if known else "",
        "PULocationID": str(draw.randrange(1, 266)),
        "DOLocationID": str(draw.randrange(1, 266)),
        "payment_type": draw.choice(["1", "2", "2.0"]) if known else "",
        "fare_amount": f"{fare:g}",
    }
    if taxi == "green":
        trip |= {"ehail_fee": "", "trip_type": draw.choice(["1", "2.0", ""])}
    return trip


def _text(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S}"
