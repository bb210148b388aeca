"""What every test may lean on: the shared vectors, and a ban on the outside network."""

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

settings.register_profile(
    "gatebook",
    deadline=None,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
settings.load_profile("gatebook")

REPOSITORY = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def repository() -> Path:
    return REPOSITORY


@pytest.fixture(scope="session")
def vectors() -> Path:
    """The shared test data of other projects; never copied into the repository."""
    place = Path(os.environ.get("GATEBOOK_VECTORS", REPOSITORY.parent / "shared" / "vectors"))
    if not place.is_dir():
        reason = f"test vectors not found at {place}; set GATEBOOK_VECTORS"
        if os.environ.get("GATEBOOK_REQUIRE_VECTORS") == "1":
            pytest.fail(reason)
        pytest.skip(reason)
    return place
