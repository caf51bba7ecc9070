"""The words of Terraform, each with what to write in its place.

Errors show this advice. So does the page `docs/hcl-terraform.md`, which tools/terraform_page.py makes.
"""

from collections.abc import Iterable
from enum import StrEnum

from portinfra.command_text import complete_commands
from portinfra.value import frozen


class Where(StrEnum):
    """The place of a word."""

    BLOCK = "block"
    ATTRIBUTE = "attribute"
    NAME = "name in an expression"
    FUNCTION = "function"
    COMMAND = "command"
    OPTION = "option"


@frozen
class Word:
    """A word of Terraform. `advice` is a sentence."""

    word: str
    where: Where
    advice: str


def _words(where: Where, advice: dict[str, str]) -> tuple[Word, ...]:
    return tuple(Word(word, where, sentence) for word, sentence in advice.items())


_HOSTS = 'A role is a number of equal hosts: write role "web" { count = 3 } within a topology.'
_OUTPUT = "`portinfra output` prints the addresses and ids; there is nothing to declare."
_CREDENTIALS = 'Write on = "aws:us-east-1" and credentials = { … } in an environment block.'
_IMPORT = "portinfra manages what it created. It reports what was made by hand, and does not touch it."
_ALLOW = "Write allow { from, to, tcp, why } in the topology: portinfra makes the firewalls of both sides."
_SIZE = 'Write size = "large". Sizes are small, medium, large, xlarge, and the provider\'s own names.'
_STATE = "There is no state file: every resource carries its owner in the cloud, in tags or labels."

WORDS = (
    *_words(
        Where.BLOCK,
        {
            "resource": _HOSTS,
            "data": 'Nothing is looked up: name the thing itself, such as image = "debian-12".',
            "provider": _CREDENTIALS,
            "terraform": _STATE,
            "backend": _STATE,
            "required_providers": "Providers are Python packages: pip install portinfra-aws.",
            "module": "Files of one directory are one declaration. Where parts repeat, declare in Python.",
            "output": _OUTPUT,
            "import": _IMPORT,
            "moved": 'Write renamed_from = "old" in the role with the new name.',
            "removed": "Remove the block: the plan shows what is deleted, and keeps volumes.",
            "check": "`portinfra check` applies rules to every topology; declare nothing.",
            "dynamic": "Compute a list: from, to, tcp and udp of an allow block take lists.",
            "lifecycle": "Write deletion_protection, ignore or max_unavailable in the role.",
            "provisioner": "Write user_data in the role; hosts run it at their first boot.",
            "connection": "Write ssh_keys in the role; `portinfra inventory --format ssh` writes the rest.",
            "ingress": _ALLOW,
            "egress": _ALLOW,
            "ebs_block_device": 'Write volume "data" { gib = 100 } in the role.',
            "root_block_device": "Write disk_gib in the role. Every disk is encrypted.",
            "validation": "Write a condition where the variable is used; type is checked.",
        },
    ),
    *_words(
        Where.ATTRIBUTE,
        {
            "for_each": "Write one role for each kind of host; count is the number of its hosts.",
            "depends_on": "The order follows from the declaration. For a recovery, write wave blocks.",
            "instance_type": _SIZE,
            "machine_type": _SIZE,
            "ami": 'Write image = "debian-12": a logical name, or the provider\'s own.',
            "region": 'Write on = "aws:us-east-1" in the environment.',
            "availability_zone": "Hosts take turns in the zones; environment has zones = [ … ].",
            "subnet_id": "Subnets are made for each role and zone, from the environment's cidr.",
            "vpc_id": "Each environment has a network of its own, with the environment's cidr.",
            "cidr_block": "Write cidr in the environment.",
            "security_groups": _ALLOW,
            "vpc_security_group_ids": _ALLOW,
            "key_name": "Write ssh_keys with the public keys themselves.",
            "labels": "Write tags; on Google Cloud they become labels.",
            "associate_public_ip_address": 'Write public = "why it has a public address".',
            "prevent_destroy": "Write deletion_protection = true in the role or volume.",
            "ignore_changes": 'Write ignore = ["tags"] in the role.',
            "create_before_destroy": "Write max_unavailable in the role: hosts are replaced one at a time.",
            "volume_size": "Write disk_gib in the role, or gib in a volume.",
            "kms_key_id": "Write key in the environment or volume.",
            "encrypted": "Every disk is encrypted: leave it out.",
        },
    ),
    *_words(
        Where.NAME,
        {
            "each": "There is no for_each. In an expression, write [for x in list : …].",
            "self": "No expression can refer to the attributes of a host.",
            "path": 'Paths are relative to the folder of the file: file("boot.sh").',
            "terraform": "There are no workspaces: write an environment block for each.",
            "data": "Nothing is looked up: name the thing itself.",
            "module": "There are no modules: write locals, or the declaration in Python.",
        },
    ),
    *_words(
        Where.FUNCTION,
        {
            "toset": "Lists are enough here: leave toset() out.",
            "tolist": "Lists are enough here: leave tolist() out.",
            "tomap": "Mappings are enough here: leave tomap() out.",
            "sensitive": "Write sensitive = true in the variable.",
            "nonsensitive": "A sensitive value is used in user_data only.",
            "element": "Write list[number].",
            "coalesce": "Write a == null ? b : a.",
            "filebase64": 'Write base64encode(file("boot.sh")).',
            "timestamp": "A declaration must give the same values each time: give the time as a variable.",
            "uuid": "A declaration must give the same values each time: give the value as a variable.",
        },
    ),
    *_words(
        Where.COMMAND,
        {
            "init": "Nothing needs preparation: `portinfra plan` works at once.",
            "validate": "`portinfra render` reads and checks a declaration, and reads no cloud.",
            "fmt": "`portinfra render --format hcl` writes the canonical form, without comments and locals.",
            "refresh": "Write `portinfra plan`: each plan reads what exists.",
            "show": "`portinfra status` shows what differs; `portinfra render` shows what is declared.",
            "state": _STATE + " `portinfra status` shows what exists.",
            "import": _IMPORT,
            "taint": "Write `portinfra plan --replace ADDRESS`.",
            "workspace": "Write an environment block for each: `portinfra plan ENV`.",
            "force-unlock": "`portinfra lease --release` releases the lease of a dead run.",
            "console": "`portinfra render --format hcl` shows the values of expressions.",
            "version": "Write `portinfra --version`.",
            "help": "Write `portinfra --help`, or `portinfra COMMAND --help`.",
            "get": "There are no modules to fetch: `portinfra plan` works at once.",
            "test": "Write `portinfra check` for the rules. The Python package has a simulator for tests.",
        },
    ),
    *_words(
        Where.OPTION,
        {
            "-target": "Write --only ROLE.",
            "-auto-approve": "Write --yes.",
            "-var": "Write --var NAME=VALUE, with two hyphens.",
            "-var-file": "Write --var-file PATH, with two hyphens.",
            "-out": "Write --out PATH, with two hyphens.",
            "-replace": "Write --replace ADDRESS, with two hyphens.",
            "-destroy": "Write `portinfra destroy`, or `portinfra plan --destroy`.",
            "-refresh-only": "Write `portinfra status`.",
            "-chdir": "Write -f PATH.",
            "-json": "Write --json, with two hyphens.",
            "-lock": "Each run takes the lease of its environment; `portinfra lease` shows it.",
            "-parallelism": "The provider's published rates decide how many calls are made.",
            "-refresh": "Leave it out: each plan reads what exists.",
            "-no-color": "Set NO_COLOR=1 in the environment.",
            "-input": "Leave it out: portinfra asks only at a terminal, and not with --yes.",
            "-help": "Write --help, with two hyphens.",
            "-version": "Write --version, with two hyphens.",
        },
    ),
)

OTHER_TOOLS = _words(
    Where.COMMAND,
    dict.fromkeys(("deploy", "up", "create"), "Write `portinfra apply`.")
    | dict.fromkeys(("preview", "diff"), "Write `portinfra plan`."),
)
"""Commands of Pulumi, AWS CDK and other tools, which the page about Terraform does not have."""


def advice(word: str, *places: Where) -> str:
    """Return what to write in place of a word of Terraform or another tool; empty: it is no such word."""
    found = (each.advice for each in (*WORDS, *OTHER_TOOLS) if each.word == word and each.where in places)
    return complete_commands(next(found, ""))


def advice_for_command(arguments: Iterable[str]) -> str:
    """Return what to write in place of the first word of Terraform on a command line; empty: it has none."""
    for number, argument in enumerate(arguments):
        if argument.startswith("-"):
            option = argument.partition("=")[0]
            found = advice(f"-{option.lstrip('-')}", Where.OPTION)
            if option.startswith("--") and option in found:  # the option is what the advice says
                found = ""
        else:
            found = advice(argument, Where.COMMAND) if number == 0 else ""
        if found:
            return found
    return ""
