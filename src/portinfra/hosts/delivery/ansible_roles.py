"""The roles `portinfra` and `portinfra_cloud`, and the playbook, for ansible-core 2.14 and later.

They need no collection. https://docs.ansible.com/ansible-core/2.14/collections/ansible/builtin/copy_module.html
"""

_MAIN = """\
- name: Install packages
  ansible.builtin.package:
    name: "{{ portinfra_packages }}"
    state: present
  when: portinfra_packages | length > 0

- name: Deliver the files of the host
  ansible.builtin.include_tasks: files.yml
  vars:
    portinfra_delivered: "{{ portinfra_files }}"
"""

_FILES = """\
# Files that are checked before they replace the old ones, and reloads of what reads them. A file that its
# check refuses stays as it was; all others are delivered. The last one is the manifest: its check reads all.
- name: Create folders, and read the digests and modes of the files
  ansible.builtin.command:
    argv: "{{ ['sh', '-c', portinfra_read, 'sh'] + portinfra_delivered | map(attribute='path') | list }}"
  vars:
    portinfra_read: >-
      {{ ansible_check_mode | ternary('', 'for file; do mkdir -p "${file%/*}"; done;') }}
      sha256sum -- "$@"; stat -c '%04a %U %G  %n' -- "$@"; true
  register: portinfra_present
  changed_when: false
  check_mode: false

- name: Copy each file that differs and that its own program accepts
  ansible.builtin.copy:
    dest: "{{ item.path }}"
    content: "{{ item.content }}"
    mode: "{{ item.mode }}"
    owner: root
    group: root
    validate: "{{ item.check | default(omit) }}"
  loop: "{{ portinfra_delivered }}"
  loop_control:
    label: "{{ item.path }}"
  when: >-
    (item.content | hash('sha256') ~ '  ' ~ item.path) not in portinfra_present.stdout_lines
    or (item.mode ~ ' root root  ' ~ item.path) not in portinfra_present.stdout_lines
  environment: "{{ portinfra_environment }}"
  register: portinfra_copied
  ignore_errors: true

# systemd reads a changed unit before it reloads its service.
- name: Reload what reads a changed file
  ansible.builtin.command: "{{ item }}"
  loop: "{{ ['systemctl daemon-reload'] | intersect(portinfra_reloads) +
    portinfra_reloads | difference(['systemctl daemon-reload']) }}"
  environment: "{{ portinfra_environment }}"
  vars:
    portinfra_reloads: "{{ portinfra_copied.results | selectattr('changed', 'defined') | selectattr('changed')
      | selectattr('item.reload', 'defined') | map(attribute='item.reload') | unique }}"

- name: Fail if a file was refused
  ansible.builtin.fail:
    msg: "These files stay as they were: {{ portinfra_copied.results | selectattr('failed', 'defined')
      | selectattr('failed') | map(attribute='item.path') | join(', ') }}"
  when: portinfra_copied is failed
"""

_CLOUD = """\
# What a host needs only because of its cloud. On another cloud only the variables of this role differ.
- name: Deliver the files of the cloud
  ansible.builtin.include_role:
    name: portinfra
    tasks_from: files.yml
  vars:
    portinfra_delivered: "{{ portinfra_cloud_files }}"
  when: portinfra_cloud_files | length > 0
"""

ROLES = {
    "roles/portinfra/tasks/main.yml": _MAIN,
    "roles/portinfra/tasks/files.yml": _FILES,
    "roles/portinfra/defaults/main.yml": """\
# Packages to install first. Empty while the image has them.
portinfra_packages: []
portinfra_environment:
  PATH: /usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
""",
    "roles/portinfra_cloud/tasks/main.yml": _CLOUD,
    "roles/portinfra_cloud/defaults/main.yml": "portinfra_cloud_files: []\n",
}
"""The files of both roles, by path."""

INITIAL = {
    "ansible.cfg": """\
[defaults]
roles_path = roles
interpreter_python = /usr/bin/python3

[ssh_connection]
pipelining = True
""",
    "site.yml": """\
- name: Deliver the files of hosts, one zone after the other
  ansible.builtin.import_playbook: portinfra.yml

# Add plays of your own.
""",
}
"""The first versions of the user's own files, by path."""

_HEAD = """\
# One zone after the other. If a host fails in one zone, no later zone begins; a host that does not answer
# stops nothing. All hosts of a zone at once, or fewer: -e portinfra_serial=1
"""

_PLAY = """\
- name: Zone {zone}
  hosts: zone_{zone}
  become: true
  gather_facts: false
  serial: "{{{{ portinfra_serial | default('100%') }}}}"
  max_fail_percentage: 0
  roles:
    - portinfra_cloud
    - portinfra
"""


def playbook(zones: int) -> str:
    """Return the playbook for inventories with up to this number of zones."""
    return "\n".join([_HEAD, *(_PLAY.format(zone=zone) for zone in range(zones))])
