"""What tools read to deliver the files of hosts: a plain directory, or a repository for Puppet or Ansible."""
