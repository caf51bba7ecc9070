"""The program by which Puppet's agent gets the certificate of its host, and fetches the list of revoked ones.

It fits Puppet 7 and 8, and OpenVox. HAProxy reads Puppet's files by symbolic links.
"""

SCRIPT = """\
#!/bin/sh
# portinfra renders this file. Puppet's agent gets the certificate of this host by its token.
# No token is an argument of a program: others could read it there.
set -eu
umask 077
PATH=$PATH:/opt/puppetlabs/bin
agent() {
  puppet ssl bootstrap --waitforcert 0 --crl_refresh_interval 1s
}
places=$(puppet config print confdir ssldir)
confdir=$(echo "$places" | sed -n 's/^confdir = //p')
ssldir=$(echo "$places" | sed -n 's/^ssldir = //p')
certificate=$ssldir/certs/{name}.pem
cd @TLS@
if [ ! -s "$certificate" ] || [ -e @TOKEN@ ]; then
  if [ {name} = @SERVER@ ]; then
    if [ ! -s "$certificate" ]; then
      echo "{name}: this host signs, and has no authority yet: send it the bundle" >&2
      exit 1
    fi
  else
    if [ ! -s "$certificate" ]; then
      if [ ! -s @TOKEN@ ]; then
        echo "{name}: this host has neither a certificate nor a token: replace it" >&2
        exit 1
      fi
      # Before the first contact: otherwise the agent downloads it, and trusts any server.
      mkdir -p "$ssldir/certs"
      chmod 755 "$ssldir/certs"
      install -m 644 ca.pem "$ssldir/certs/ca.pem"
      if ! grep -qs '^certname *= *{name}$' "$confdir/puppet.conf"; then
        puppet config set server @SERVER@ --section main
        puppet config set certname {name} --section main
      fi
      getent hosts @SERVER@ > /dev/null || echo '@ADDRESS@ @SERVER@' >> /etc/hosts
      {
        printf 'custom_attributes:\\n  1.2.840.113549.1.9.7: "'
        tr -d '\\n' < @TOKEN@
        printf '"\\n'
      } > "$confdir/csr_attributes.yaml"
    fi
    agent
    rm -f "$confdir/csr_attributes.yaml"
  fi
@START@  rm -f @TOKEN@
elif [ {name} != @SERVER@ ]; then
  agent
fi
ln -sf "$certificate" host.pem
ln -sf "$ssldir/private_keys/{name}.pem" host.pem.key
ln -sf "$ssldir/crl.pem" crl.pem
cat host.pem crl.pem | sha256sum > read.new
if ! cmp -s read.new read && command -v systemctl > /dev/null; then
  systemctl --no-block try-reload-or-restart haproxy
fi
mv read.new read
"""
"""Shell with `@NAME@` for what `hosts.enrolment` knows, and `{name}` for the name of a host."""

START = """\
  if command -v systemctl > /dev/null; then
    systemctl --quiet enable puppet
    systemctl --no-block restart puppet
  fi
"""
"""Shell that starts the agent's runs, where Puppet delivers the files of hosts."""
