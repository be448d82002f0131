"""Settings of the identity providers that are known by name: what a team knows of its own, and nothing else."""

from typing import Annotated

from tidegate.settings import kinds as k
from tidegate.settings.spec import Section, spec


class PresetSection(Section):
    """Identity providers by preset."""

    supabase_project: Annotated[
        str | None,
        spec("TIDEGATE_SUPABASE_PROJECT", k.Line("the project's reference"), "A Supabase project whose users chat."),
    ] = None
    firebase_project: Annotated[
        str | None,
        spec("TIDEGATE_FIREBASE_PROJECT", k.Line("the project id"), "A Firebase project whose users chat."),
    ] = None
    auth0_domain: Annotated[
        str | None,
        spec("TIDEGATE_AUTH0_DOMAIN", k.Line("a host name"), "The domain of an Auth0 tenant; access tokens are sent."),
    ] = None
    auth0_audience: Annotated[
        tuple[str, ...],
        spec("TIDEGATE_AUTH0_AUDIENCE", k.Words("identifiers of APIs"), "The API that its access tokens are for."),
    ] = ()
    cognito_pool: Annotated[
        str | None,
        spec(
            "TIDEGATE_COGNITO_POOL",
            k.Line("the pool's id, such as eu-west-1_AbCdEf123"),
            "An Amazon Cognito user pool; access tokens are sent.",
        ),
    ] = None
    cognito_client: Annotated[
        tuple[str, ...],
        spec("TIDEGATE_COGNITO_CLIENT", k.Words("ids of app clients"), "The app clients that people sign in with."),
    ] = ()
    keycloak_realm: Annotated[
        str | None,
        spec(
            "TIDEGATE_KEYCLOAK_REALM",
            k.Url("keep"),
            "The URL of a Keycloak realm, up to `/realms/NAME`; access tokens are sent.",
        ),
    ] = None
    keycloak_client: Annotated[
        tuple[str, ...],
        spec("TIDEGATE_KEYCLOAK_CLIENT", k.Words("client ids"), "The clients that people sign in with, as in `azp`."),
    ] = ()
