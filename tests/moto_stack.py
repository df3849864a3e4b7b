"""The translated template, deployed into moto: its resources are made by the services' own calls.

moto knows half of the template's types and loses properties of some that it knows. Here each of
them is a model that calls the service (which is moto as well) with what the template says. What
moto has no call for is left to the tests of the template itself.
"""

import io
import json
import zipfile
from collections.abc import Callable, Mapping
from typing import Any

import boto3
from moto.cloudformation import parsing
from moto.cloudformation.models import cloudformation_backends
from moto.core.common_models import CloudFormationModel

from stack_template import PARAMETERS, REGION, translated

STACK = "feedmirror"
Made = tuple[str, dict[str, str]]  # the physical id, and what GetAtt gives
_CLIENTS: dict[str, Any] = {}  # of the deployment that is being made
_MODELS: list[type] = []  # kept, or they are collected before moto finds them


def deploy(template: Mapping[str, Any] | None = None, **parameters: str) -> dict[str, str]:
    """Deploy the stack into the moto that is active; return its outputs."""
    _teach_moto()
    _CLIENTS.clear()
    _client("s3").create_bucket(Bucket="packages")
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("feedmirror/__init__.py", "")
    _client("s3").put_object(Bucket="packages", Key="feedmirror.zip", Body=archive.getvalue())
    client = _client("cloudformation")
    given = {**PARAMETERS, **parameters}
    client.create_stack(
        StackName=STACK,
        TemplateBody=json.dumps(template or translated()),
        Parameters=[{"ParameterKey": key, "ParameterValue": given[key]} for key in given],
        Capabilities=["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"],
    )
    (stack,) = client.describe_stacks(StackName=STACK)["Stacks"]
    assert stack["StackStatus"] == "CREATE_COMPLETE", stack.get("StackStatusReason")
    return {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}


def _client(service: str) -> Any:  # noqa: ANN401 -- what it is given comes from a template
    if service not in _CLIENTS:  # making one takes as long as a dozen calls
        _CLIENTS[service] = boto3.client(service)  # type: ignore[call-overload]  # any of those below
    return _CLIENTS[service]


def physical_ids() -> dict[str, str]:
    """Return what each logical id of the stack has become."""
    # describe_stack_resources leaves out what some of moto's own models do not tell.
    (stack,) = cloudformation_backends["123456789012"][REGION].stacks.values()
    made = stack.resource_map
    return {name: str(getattr(made[name], "physical_resource_id", "")) for name in made.resources}


def _bucket(name: str, told: dict[str, Any]) -> Made:
    client = _client("s3")
    name = name.lower()
    client.create_bucket(Bucket=name)
    encryption = told["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    rules = [
        {"ApplyServerSideEncryptionByDefault": rule["ServerSideEncryptionByDefault"]}
        for rule in encryption
    ]
    client.put_bucket_encryption(Bucket=name, ServerSideEncryptionConfiguration={"Rules": rules})
    client.put_bucket_ownership_controls(Bucket=name, OwnershipControls=told["OwnershipControls"])
    access = {key: value is True for key, value in told["PublicAccessBlockConfiguration"].items()}
    client.put_public_access_block(Bucket=name, PublicAccessBlockConfiguration=access)
    if "VersioningConfiguration" in told:
        client.put_bucket_versioning(
            Bucket=name, VersioningConfiguration=told["VersioningConfiguration"]
        )
    lifecycle = [_lifecycle_rule(rule) for rule in told["LifecycleConfiguration"]["Rules"]]
    client.put_bucket_lifecycle_configuration(
        Bucket=name, LifecycleConfiguration={"Rules": lifecycle}
    )
    domain = f"{name}.s3.{REGION}.amazonaws.com"
    return name, {"Arn": f"arn:aws:s3:::{name}", "RegionalDomainName": domain}


def _lifecycle_rule(told: Mapping[str, Any]) -> dict[str, Any]:
    rule: dict[str, Any] = {
        "ID": told["Id"],
        "Status": told["Status"],
        "Filter": {"Prefix": told.get("Prefix", "")},
    }
    if "ExpirationInDays" in told:
        rule["Expiration"] = {"Days": int(told["ExpirationInDays"])}
    if "AbortIncompleteMultipartUpload" in told:
        rule["AbortIncompleteMultipartUpload"] = told["AbortIncompleteMultipartUpload"]
    return rule


def _bucket_policy(name: str, told: dict[str, Any]) -> Made:
    # moto denies whatever a Deny names, since it knows no conditions: only what is allowed is put.
    document = dict(told["PolicyDocument"])
    allowed = [each for each in document["Statement"] if each["Effect"] == "Allow"]
    if allowed:
        policy = json.dumps({**document, "Statement": allowed})
        _client("s3").put_bucket_policy(Bucket=told["Bucket"], Policy=policy)
    return name, {}


def _schedule(name: str, told: dict[str, Any]) -> Made:
    window = dict(told["FlexibleTimeWindow"])
    target = dict(told["Target"])
    target["RetryPolicy"] = {key: int(value) for key, value in target["RetryPolicy"].items()}
    if "MaximumWindowInMinutes" in window:
        window["MaximumWindowInMinutes"] = int(window["MaximumWindowInMinutes"])
    _client("scheduler").create_schedule(
        Name=name,
        ScheduleExpression=told["ScheduleExpression"],
        FlexibleTimeWindow=window,
        Target=target,
    )
    return name, {}


def _identity(_: str, told: dict[str, Any]) -> Made:
    name = told["EmailIdentity"]
    _client("sesv2").create_email_identity(
        EmailIdentity=name,
        ConfigurationSetName=told["ConfigurationSetAttributes"]["ConfigurationSetName"],
    )
    tokens = {
        f"DkimDNSToken{part}{number}": f"{part.lower()}{number}.{name}"
        for number in (1, 2, 3)
        for part in ("Name", "Value")
    }
    return name, tokens


def _configuration_set(name: str, _: dict[str, Any]) -> Made:
    _client("sesv2").create_configuration_set(ConfigurationSetName=name)
    return name, {}


def _rule_set(name: str, _: dict[str, Any]) -> Made:
    _client("ses").create_receipt_rule_set(RuleSetName=name)
    return name, {}


def _rule(name: str, told: dict[str, Any]) -> Made:
    rule = {
        key: value == "true" if value in ("true", "false") else value
        for key, value in told["Rule"].items()
    }
    _client("ses").create_receipt_rule(RuleSetName=told["RuleSetName"], Rule={**rule, "Name": name})
    return name, {}


def _alarm(name: str, told: dict[str, Any]) -> Made:
    numbers = ("Period", "EvaluationPeriods")
    fixed = {key: int(value) for key, value in told.items() if key in numbers}
    _client("cloudwatch").put_metric_alarm(
        **{**told, **fixed, "Threshold": float(told["Threshold"])}, AlarmName=name
    )
    return name, {"Arn": f"arn:aws:cloudwatch:{REGION}:123456789012:alarm:{name}"}


def _dashboard(name: str, told: dict[str, Any]) -> Made:
    _client("cloudwatch").put_dashboard(DashboardName=name, DashboardBody=told["DashboardBody"])
    return name, {}


def _subscription(_: str, told: dict[str, Any]) -> Made:
    made = _client("sns").subscribe(**told, ReturnSubscriptionArn=True)
    return made["SubscriptionArn"], {}


def _invoke_config(name: str, told: dict[str, Any]) -> Made:
    _client("lambda").put_function_event_invoke_config(
        FunctionName=told["FunctionName"],
        MaximumRetryAttempts=int(told["MaximumRetryAttempts"]),
        MaximumEventAgeInSeconds=int(told["MaximumEventAgeInSeconds"]),
        DestinationConfig=told.get("DestinationConfig", {}),
    )
    return name, {}


def _distribution(_: str, told: dict[str, Any]) -> Made:
    config = told["DistributionConfig"]
    (origin,) = config["Origins"]
    behaviour = config["DefaultCacheBehavior"]
    made = _client("cloudfront").create_distribution(
        DistributionConfig={
            "CallerReference": STACK,
            "Comment": config["Comment"],
            "Enabled": True,
            "Origins": {"Quantity": 1, "Items": [origin]},
            "DefaultCacheBehavior": {
                "TargetOriginId": behaviour["TargetOriginId"],
                "ViewerProtocolPolicy": behaviour["ViewerProtocolPolicy"],
                "CachePolicyId": behaviour["CachePolicyId"],
                "ResponseHeadersPolicyId": behaviour["ResponseHeadersPolicyId"],
            },
        }
    )["Distribution"]
    return made["Id"], {"DomainName": made["DomainName"], "Id": made["Id"]}


def _origin_access(_: str, told: dict[str, Any]) -> Made:
    made = _client("cloudfront").create_origin_access_control(
        OriginAccessControlConfig=told["OriginAccessControlConfig"]
    )
    identity = made["OriginAccessControl"]["Id"]
    return identity, {"Id": identity}


def _edge_function(_: str, told: dict[str, Any]) -> Made:
    made = _client("cloudfront").create_function(
        Name=told["Name"],
        FunctionConfig=told["FunctionConfig"],
        FunctionCode=told["FunctionCode"].encode(),
    )
    arn = made["FunctionSummary"]["FunctionMetadata"]["FunctionARN"]
    return arn, {"FunctionARN": arn}


def _only_named(name: str, _: dict[str, Any]) -> Made:
    """What moto has no call for: it gets an id, and the template's own tests look at it."""
    return name, {"Id": name}


_MAKERS: dict[str, Callable[[str, dict[str, Any]], Made]] = {
    "AWS::S3::Bucket": _bucket,
    "AWS::S3::BucketPolicy": _bucket_policy,
    "AWS::Scheduler::Schedule": _schedule,
    "AWS::SES::EmailIdentity": _identity,
    "AWS::SES::ConfigurationSet": _configuration_set,
    "AWS::SES::ConfigurationSetEventDestination": _only_named,
    "AWS::SES::ReceiptRuleSet": _rule_set,
    "AWS::SES::ReceiptRule": _rule,
    "AWS::CloudWatch::Alarm": _alarm,
    "AWS::CloudWatch::Dashboard": _dashboard,
    "AWS::SNS::Subscription": _subscription,
    "AWS::Lambda::EventInvokeConfig": _invoke_config,
    "AWS::CloudFront::Distribution": _distribution,
    "AWS::CloudFront::OriginAccessControl": _origin_access,
    "AWS::CloudFront::CachePolicy": _only_named,
    "AWS::CloudFront::ResponseHeadersPolicy": _only_named,
    "AWS::CloudFront::Function": _edge_function,
    "AWS::CertificateManager::Certificate": _only_named,
    "AWS::Route53::RecordSetGroup": _only_named,
}


def _teach_moto() -> None:
    """Have moto find a model for every type, the last one that is defined (moto's parsing)."""
    if _MODELS:
        return
    _MODELS.extend(_model(kind, make) for kind, make in _MAKERS.items())
    for cached in vars(parsing).values():
        if hasattr(cached, "cache_clear"):
            cached.cache_clear()


def _model(kind: str, make: Callable[[str, dict[str, Any]], Made]) -> type:
    class Model(CloudFormationModel):
        __module__ = "moto.cloudformation.models"  # moto keeps its instances by its own services

        def __init__(self, made: Made) -> None:
            self.physical_resource_id, self.attributes = made

        @staticmethod
        def cloudformation_name_type() -> str:
            return ""

        @staticmethod
        def cloudformation_type() -> str:
            return kind

        @classmethod
        def has_cfn_attr(cls, attr: str) -> bool:  # noqa: ARG003 -- moto's own signature
            return True

        def get_cfn_attribute(self, name: str) -> str:
            return self.attributes[name]

        @classmethod
        def create_from_cloudformation_json(
            cls,
            resource_name: str,
            cloudformation_json: dict[str, Any],
            account_id: str,  # noqa: ARG003
            region_name: str,  # noqa: ARG003
            **kwargs: Any,  # noqa: ANN401, ARG003
        ) -> "Model":
            return cls(make(resource_name, cloudformation_json.get("Properties", {})))

    return Model
