"""Options of an S3 store, as each library names them."""

import pytest

from afschrift.sources.lakehouse.store_options import fsspec_options, iceberg_options, store_options

REGION = {"client_kwargs": {"region_name": "eu-west-1", "endpoint_url": "http://s3:9000"}}


@pytest.mark.parametrize("scheme", ["s3", "s3a"])
def test_both_libraries_get_what_the_connection_says_of_an_s3_store(scheme: str) -> None:
    place = f"{scheme}://lake/t"
    assert store_options(place, {"key": "k", "secret": "s", "token": "t", "anon": False, **REGION}) == {
        "AWS_ACCESS_KEY_ID": "k",
        "AWS_SECRET_ACCESS_KEY": "s",
        "AWS_SESSION_TOKEN": "t",
        "AWS_ENDPOINT_URL": "http://s3:9000",
        "AWS_REGION": "eu-west-1",
        "AWS_ALLOW_HTTP": "true",
    }
    assert store_options(place, {"anon": True, "endpoint_url": "https://s3"}) == {
        "AWS_SKIP_SIGNATURE": "true",
        "AWS_ENDPOINT_URL": "https://s3",
    }
    assert iceberg_options(place, {"uri": "sqlite://", "key": "k", "anon": True, **REGION}) == {
        "uri": "sqlite://",
        "key": "k",
        "anon": "True",
        "s3.access-key-id": "k",
        "s3.anonymous": "true",
        "s3.endpoint": "http://s3:9000",
        "s3.region": "eu-west-1",
    }


def test_a_catalogue_says_of_its_store_what_pyiceberg_asks_for() -> None:
    given = {
        "uri": "http://c",
        "token": "of the catalogue",
        "s3.access-key-id": "k",
        "s3.region": "eu-west-1",
    }
    expected = {"key": "k", "client_kwargs": {"region_name": "eu-west-1"}}
    assert fsspec_options("s3://lake", given) == fsspec_options(
        "s3a://lake", {**given, "s3.anonymous": "false"}
    )
    assert fsspec_options("s3://lake", given) == expected
    assert fsspec_options("/lake", given) == {}


def test_another_store_gets_none_of_them() -> None:
    assert store_options("gs://lake/t", {"key": "k"}) is None
    assert iceberg_options("gs://lake/t", {"gcs.oauth2.token": "t"}) == {"gcs.oauth2.token": "t"}
