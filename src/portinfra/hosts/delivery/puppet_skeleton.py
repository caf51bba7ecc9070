"""The first versions of a control repository's own files: settings, site manifest, profiles and roles."""

from portinfra.model.topology import Profile

FILES = {
    "environment.conf": """\
# Modules: site/ has those of this repository, modules/ those that r10k gets for the Puppetfile.
modulepath = site:modules:$basemodulepath
""",
    "Puppetfile": """\
# Modules of others, which r10k puts into modules/: one line each, always with a version.
# mod 'puppetlabs-postgresql', '10.3.0'
""",
    "hiera.yaml": """\
version: 5
defaults:
  datadir: data
  data_hash: yaml_data
hierarchy:
  - name: "One host, as portinfra renders it"
    path: "hosts/%{environment}/%{trusted.certname}.yaml"
  - name: "All hosts of one environment"
    path: "%{environment}.yaml"
  - name: "All hosts"
    path: "common.yaml"
""",
    ".gitignore": """\
/modules/
""",
    "data/common.yaml": """\
# Data of all hosts. Replace {} by your own. If hosts reach a mirror of packages:
# portinfra::packages: [haproxy, nftables, socat]
{}
""",
    "manifests/site.pp": """\
# Each host has the class of its role, and nothing else.
node default {
  include "role::${lookup('portinfra::role')}"
}
""",
    "site/profile/manifests/base.pp": """\
# What every host has.
class profile::base {
  include portinfra
  include profile::cloud
}
""",
    "site/profile/manifests/cloud.pp": """\
# What a host has only because of its cloud. Add what else your cloud needs here, and nowhere else.
class profile::cloud {
  include portinfra_cloud
}
""",
    "site/profile/manifests/puppet_server.pp": """\
# Puppet Server, and r10k, which a person runs.
class profile::puppet_server {
  package { ['puppetserver', 'r10k']:
    ensure => installed,
  }
  -> service { 'puppetserver':
    ensure => running,
    enable => true,
  }
}
""",
}
"""The files that are the same for every topology, by path."""

_PROFILES: dict[Profile, str] = {"puppet-server": "profile::puppet_server"}
"""The class of a profile. The EST server needs none: the bundle of trust installs it."""


def role_text(name: str, profile: Profile) -> str:
    """Return the first version of the class of a role."""
    classes = ["profile::base", *([_PROFILES[profile]] if profile in _PROFILES else [])]
    lines = "".join(f"  include {each}\n" for each in classes)
    return f"# Add the profiles of this role.\nclass role::{name} {{\n{lines}}}\n"
