"""Puts an artefact on the stand-in for AWS as CloudFormation would on AWS."""

import copy
import hashlib
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import botocore.session
from botocore.config import Config
from botocore.exceptions import ClientError

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
_LEFT_OUT: Final = frozenset({"AWS::WAFv2::WebACLAssociation", "AWS::S3::BucketPolicy"})


@dataclass(frozen=True, slots=True)
class Aws:
    """The stand-in at `endpoint`."""

    endpoint: str

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
    return _stack(aws.client("cloudformation"), f"entrepot-{stage}") is not None


def deploy(
    aws: Aws, artefact: Artefact, stage: str, accounts: Accounts, parameters: Mapping[str, str]
) -> Deployment:
    """Create the stage's stack, or bring it up to date; nothing is done if it is.

    Raises: Hindrance: the stack could not be made.
    """
    stacks = aws.client("cloudformation")
    name = f"entrepot-{stage}"
    present = _stack(stacks, name)
    template, responses = localised(artefact)
    fingerprint = hashlib.sha256(json.dumps([template, responses, dict(parameters)]).encode()).hexdigest()
    if present is None or _tag(present) != fingerprint:
        request = {
            "StackName": name,
            "TemplateURL": _upload(aws, artefact, template),
            "Parameters": [
                {"ParameterKey": key, "ParameterValue": value}
                for key, value in {"Stage": stage, **parameters}.items()
            ],
            "Capabilities": ["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"],
            "Tags": [{"Key": "fingerprint", "Value": fingerprint}],
        }
        _send(stacks, request, new=present is None)
        _finish(aws, stacks, name, responses)
    if present is None:
        value = json.dumps(app_secret(accounts))
        aws.client("secretsmanager").put_secret_value(SecretId=f"entrepot-{stage}-app", SecretString=value)
    stack = _stack(stacks, name)
    assert stack is not None
    api = next(output["OutputValue"] for output in stack["Outputs"] if output["OutputKey"] == "RestAPIId")
    return Deployment(api, new=present is None)


def _send(stacks: Any, request: Mapping[str, Any], *, new: bool) -> None:
    if new:
        stacks.create_stack(**request)
        return
    try:
        stacks.update_stack(**request)
    except ClientError as error:
        if "No updates are to be performed" not in str(error):
            raise


def localised(artefact: Artefact) -> tuple[dict[str, Any], dict[str, Any]]:
    """The template with what the stand-in cannot take turned into what it can, and the gateway's own answers apart.

    The firewall's association is left out (unknown there), and so are the buckets' policies: they refuse what does not
    come by TLS, and nothing does there. The gateway's answers are put by call (it does not read them from the API's
    document), one number is written out (it would take the parameter's text for one), and policies name keys by their
    aliases too, the secret by its ARN and the sending of several messages by its own name (it checks what a request
    says, and takes a Ref for the name).
    """
    template = copy.deepcopy(artefact.template)
    resources = template["Resources"]
    for name in [name for name, resource in resources.items() if resource["Type"] in _LEFT_OUT]:
        del resources[name]
    responses: dict[str, Any] = resources["RestAPI"]["Properties"].pop("GatewayResponses", {})
    for name, resource in resources.items():
        properties = resource.get("Properties", {})
        if resource["Type"] == "AWS::IAM::Role":
            resources[name] = _as_checked_here(resource)
        for place in ("CodeUri", "ContentUri"):
            if place in properties:
                properties[place] = {"Bucket": BUCKET, "Key": _key(artefact, properties[place])}
        for event in properties.get("Events", {}).values():
            if "ScalingConfig" in event["Properties"]:
                event["Properties"]["ScalingConfig"] = {"MaximumConcurrency": CONSUMERS_AT_ONCE}
    return template, responses


def _as_checked_here(role: dict[str, Any]) -> dict[str, Any]:
    for policy in role["Properties"]["Policies"]:
        for statement in policy["PolicyDocument"]["Statement"]:
            if "sqs:SendMessage" in statement["Action"]:
                statement["Action"] = [*statement["Action"], "sqs:SendMessageBatch"]
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


def _key(artefact: Artefact, name: str) -> str:
    """A name that changes with the content, for CloudFormation looks at names only."""
    content = hashlib.sha256((artefact.folder / name).read_bytes()).hexdigest()
    return f"{content[:20]}-{name}"


def _upload(aws: Aws, artefact: Artefact, template: Mapping[str, Any]) -> str:
    store = aws.client("s3")
    try:
        store.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION})
    except ClientError as error:
        if error.response["Error"]["Code"] != "BucketAlreadyOwnedByYou":
            raise
    for archive in artefact.archives:
        store.put_object(Bucket=BUCKET, Key=_key(artefact, archive.name), Body=archive.read_bytes())
    store.put_object(Bucket=BUCKET, Key="template.json", Body=json.dumps(template).encode())
    return f"{aws.endpoint}/{BUCKET}/template.json"


def _finish(aws: Aws, stacks: Any, name: str, responses: Mapping[str, Any]) -> None:
    until = time.monotonic() + _SECONDS
    stack = _stack(stacks, name)
    while stack is not None and stack["StackStatus"].endswith("_IN_PROGRESS") and time.monotonic() < until:
        time.sleep(0.05)
        stack = _stack(stacks, name)
    if stack is None or stack["StackStatus"] not in ("CREATE_COMPLETE", "UPDATE_COMPLETE"):
        raise Hindrance(f"The stack {name} could not be made: {_why(stacks, name)}")
    api = next(output["OutputValue"] for output in stack["Outputs"] if output["OutputKey"] == "RestAPIId")
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


def _stack(stacks: Any, name: str) -> dict[str, Any] | None:
    try:
        found: dict[str, Any] = stacks.describe_stacks(StackName=name)["Stacks"][0]
    except ClientError as error:
        if "does not exist" in str(error):
            return None
        raise
    return found


def _tag(stack: Mapping[str, Any]) -> str:
    return next((tag["Value"] for tag in stack.get("Tags", []) if tag["Key"] == "fingerprint"), "")


def _why(stacks: Any, name: str) -> str:
    events = stacks.describe_stack_events(StackName=name)["StackEvents"]
    failed = [event for event in events if event["ResourceStatus"].endswith("_FAILED")]
    if not failed:
        return "it gives no reason"
    first = failed[-1]
    return f"{first['LogicalResourceId']}: {first.get('ResourceStatusReason', 'no reason given')}"
