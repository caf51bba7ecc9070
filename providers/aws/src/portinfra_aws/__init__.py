"""Amazon Web Services for portinfra. See docs/providers/aws.md."""

from portinfra_aws.plugin import AwsPlugin

__all__ = ["plugin"]

plugin: AwsPlugin = AwsPlugin()
