"""Puts an artefact on the stand-in for AWS as CloudFormation would on AWS."""

import copy
import hashlib
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

import botocore.session
from botocore.config import Config
from botocore.exceptions import ClientError

from infra.delivery import edition, shapes, stacks
from infra.delivery.edition import Edition
from infra.delivery.progress import Progress
from infra.delivery.stacks import Stack
from infra.local.accounts import Accounts, app_secret
from infra.local.setup import Hindrance
from infra.package import REGION, Artefact

BUCKET: Final = "entrepot-artefacts"
CONSUMERS_AT_ONCE: Final = 2
_SECONDS: Final = 120.0
_SECRET: Final = {"Fn::GetAtt": ["AppSecret", "Id"]}
_ALIAS: Final = "arn:${AWS::Partition}:kms:${AWS::Region}:${AWS::AccountId}:alias/entrepot-${Stage}-"
_ALIASES: Final = {
    "DataKey": {"Fn::Sub": f"{_ALIAS}data"},
    "TokenKey": {"Fn::Sub": f"{_ALIAS}tokens"},
    "TokenKeyOther": {"Fn::Sub": f"{_ALIAS}tokens-other"},
}
_LEFT_OUT: Final = frozenset(
    {"AWS::WAFv2::WebACLAssociation", "AWS::S3::BucketPolicy", "AWS::CloudWatch::CompositeAlarm"}
)


@dataclass(frozen=True, slots=True)
class Aws:
    """The stand-in at `endpoint`."""

    endpoint: str

    @property
    def region(self) -> str:
        return REGION

    def client(self, service: str) -> Any:
        session = botocore.session.get_session()
        session.set_credentials("test", "test")
        config = Config(retries={"total_max_attempts": 2}, read_timeout=60)
        return session.create_client(service, region_name=REGION, endpoint_url=self.endpoint, config=config)


@dataclass(frozen=True, slots=True)
class Deployment:
    """`api`: the id of the REST API. `new`: the stage did not exist before."""

    api: str
    new: bool


def deployed(aws: Aws, stage: str) -> bool:
    """Whether the stage's stack exists."""
    return stacks.find(aws.client("cloudformation"), stacks.name_of(stage)) is not None


def deploy(
    aws: Aws,
    artefact: Artefact,
    stage: str,
    accounts: Accounts,
    parameters: Mapping[str, str],
    variables: Mapping[str, str] | None = None,
) -> Deployment:
    """Create the stage's stack, or bring it up to date; nothing is done if it is.

    Args: variables: what each function has in its environment beside what the template says.
    Raises: Hindrance: the stack could not be made.
    """
    client = aws.client("cloudformation")
    name = stacks.name_of(stage)
    present = stacks.find(client, name)
    local, responses = localised(artefact, variables or {})
    template = local.template_in(BUCKET)
    fingerprint = hashlib.sha256(json.dumps([template, responses, dict(parameters)]).encode()).hexdigest()
    if present is None or present.tags.get("fingerprint") != fingerprint:
        request = {
            "StackName": name,
            "TemplateURL": _upload(aws, local, template),
            "Parameters": [
                {"ParameterKey": key, "ParameterValue": value}
                for key, value in {"Stage": stage, **parameters}.items()
            ],
            "Capabilities": list(stacks.CAPABILITIES),
            "Tags": [{"Key": "fingerprint", "Value": fingerprint}],
        }
        _send(client, request, new=present is None)
        _finish(aws, client, name, responses)
    if present is None:
        value = json.dumps(app_secret(accounts))
        aws.client("secretsmanager").put_secret_value(SecretId=f"entrepot-{stage}-app", SecretString=value)
    return Deployment(stacks.require(client, name).outputs["RestAPIId"], new=present is None)


def _send(client: Any, request: Mapping[str, Any], *, new: bool) -> None:
    if new:
        client.create_stack(**request)
        return
    try:
        client.update_stack(**request)
    except ClientError as error:
        if "No updates are to be performed" not in str(error):
            raise


def localised(
    artefact: Artefact, variables: Mapping[str, str] = MappingProxyType({})
) -> tuple[Edition, dict[str, Any]]:
    """The edition for the stand-in, and the gateway's own answers apart."""
    template, responses = adapted(artefact.template, variables)
    return edition.of(artefact, shapes.epoch(), template), responses


def adapted(
    whole: Mapping[str, Any], variables: Mapping[str, str] = MappingProxyType({})
) -> tuple[dict[str, Any], dict[str, Any]]:
    """The template with what the stand-in cannot take turned into what it can, and the gateway's own answers apart.

    The firewall's association and the alarm of a release are left out (unknown there), and so are the buckets'
    policies: they refuse what does not come by TLS, and nothing does there. The gateway's answers are put by call (it
    does not read them from the API's document), one number is written out (it would take the parameter's text for one),
    and policies name keys by their aliases too, the secret by its ARN and the sending of several messages by its own
    name (it checks what a request says, and takes a Ref for the name). Mail may be sent from any address, for it does
    not see which one a request names. `variables` are added to the environment of every function.
    """
    template = copy.deepcopy(dict(whole))
    resources = template["Resources"]
    for name in [name for name, resource in resources.items() if resource["Type"] in _LEFT_OUT]:
        del resources[name]
    responses: dict[str, Any] = resources["RestAPI"]["Properties"].pop("GatewayResponses", {})
    for name, resource in resources.items():
        properties = resource.get("Properties", {})
        if resource["Type"] == "AWS::IAM::Role":
            resources[name] = _as_checked_here(resource)
        if variables and resource["Type"] == "AWS::Serverless::Function":
            properties.setdefault("Environment", {}).setdefault("Variables", {}).update(variables)
        for event in properties.get("Events", {}).values():
            if "ScalingConfig" in event["Properties"]:
                event["Properties"]["ScalingConfig"] = {"MaximumConcurrency": CONSUMERS_AT_ONCE}
    return template, responses


def _as_checked_here(role: dict[str, Any]) -> dict[str, Any]:
    for policy in role["Properties"]["Policies"]:
        for statement in policy["PolicyDocument"]["Statement"]:
            if "sqs:SendMessage" in statement["Action"]:
                statement["Action"] = [*statement["Action"], "sqs:SendMessageBatch"]
            if "ses:SendEmail" in statement["Action"]:
                statement["Resource"] = ["*"]
            aliases = [
                _ALIASES[name]
                for resource in statement["Resource"]
                if (name := _key_of(resource)) in _ALIASES
            ]
            statement["Resource"] = [
                _SECRET if resource == {"Ref": "AppSecret"} else resource
                for resource in statement["Resource"]
            ] + aliases
    return role


def _key_of(resource: Any) -> str:
    named: list[str] = resource.get("Fn::GetAtt", [""]) if isinstance(resource, dict) else [""]
    return named[0]


def _upload(aws: Aws, local: Edition, template: Mapping[str, Any]) -> str:
    store = aws.client("s3")
    try:
        store.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION})
    except ClientError as error:
        if error.response["Error"]["Code"] != "BucketAlreadyOwnedByYou":
            raise
    for key, archive in local.archives.items():
        store.put_object(Bucket=BUCKET, Key=key, Body=archive.read_bytes())
    store.put_object(Bucket=BUCKET, Key="template.json", Body=json.dumps(template).encode())
    return f"{aws.endpoint}/{BUCKET}/template.json"


def _finish(aws: Aws, client: Any, name: str, responses: Mapping[str, Any]) -> None:
    until = time.monotonic() + _SECONDS
    stack: Stack | None = stacks.find(client, name)
    while stack is not None and stack.moving and time.monotonic() < until:
        time.sleep(0.05)
        stack = stacks.find(client, name)
    if stack is None or stack.status not in stacks.GONE_WELL:
        progress = Progress(frozenset())
        progress.take(stacks.events_after(client, name, ""))
        raise Hindrance(f"The stack {name} could not be made: {progress.why}")
    api = stack.outputs["RestAPIId"]
    gateway = aws.client("apigateway")
    for kind, response in responses.items():
        request: dict[str, Any] = {"restApiId": api, "responseType": kind}
        if "StatusCode" in response:
            request["statusCode"] = str(response["StatusCode"])
        headers = response.get("ResponseParameters", {}).get("Headers", {})
        request["responseParameters"] = {
            f"gatewayresponse.header.{key}": value for key, value in headers.items()
        }
        request["responseTemplates"] = response["ResponseTemplates"]
        gateway.put_gateway_response(**request)
    gateway.create_deployment(restApiId=api, stageName="api")
