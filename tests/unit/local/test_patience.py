"""Who asks waits longer than whoever it asks, so that what went wrong is heard and not guessed."""

from infra.local import client, front


def test_a_client_waits_longer_than_the_front_and_the_front_longer_than_a_function_may_take() -> None:
    assert client.SECONDS > front.UPSTREAM_SECONDS > 60
