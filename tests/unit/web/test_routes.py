"""Routes of the pages and of the REST interface."""

from __future__ import annotations


def test_every_route_depends_on_the_caller() -> None:
    from fastapi.routing import APIRoute

    from afschrift.web.app import create
    from afschrift.web.caller import caller

    routes = [
        route
        for route in create(lambda request, token: "", lambda request, token: "").routes
        if isinstance(route, APIRoute)
    ]
    assert len(routes) > 10
    assert all(caller in [d.dependency for d in route.dependencies] for route in routes)
