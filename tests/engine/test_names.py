from __future__ import annotations

import pytest

from hyper.engine.names import package_name


@pytest.mark.parametrize(
    ("service", "package"),
    [
        ("Storefront", "storefront"),
        ("PetStore", "pet_store"),
        ("HTTPApi2", "http_api2"),
        ("pet-store API", "pet_store_api"),
        ("3D", "app_3_d"),
        ("class", "app_class"),
        ("☃", "app"),
        ("../../etc", "etc"),
    ],
)
def test_package_of_a_service(service: str, package: str) -> None:
    assert package_name(service) == package
    assert package.isidentifier()
