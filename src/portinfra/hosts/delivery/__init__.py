"""What tools read to deliver the files of hosts: a plain directory, Puppet's control repository, Ansible's."""
