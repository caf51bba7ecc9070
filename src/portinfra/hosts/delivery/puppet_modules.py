"""The modules `portinfra` and `portinfra_cloud`, in the language of Puppet 7 and 8. They need no others."""

_MAIN = """\
# The files of this host, from the data of its name. All roles have this class, by way of profile::base.
#
# @param role The role of the host: its class is "role::${role}".
# @param files The files by path, the manifest of digests last.
# @param packages Packages to install first. Empty while the image has them.
class portinfra (
  String[1] $role,
  Hash[Pattern[/\\A\\//], Portinfra::File, 1] $files,
  Array[String[1]] $packages = [],
) {
  package { $packages:
    ensure => installed,
  }
  portinfra::files { 'portinfra':
    files   => $files,
    last    => '/etc/portinfra/manifest',
    require => $packages.map |$name| { Package[$name] },
  }
}
"""

_FILES = """\
# Files that are checked before they replace the old ones. What reads a file reloads it afterwards. A file
# that its check refuses stays as it was, and nothing reloads it; all other files are delivered.
#
# @param files The files by path.
# @param last The path of the file that follows all others, as its check reads them.
define portinfra::files (
  Hash[Pattern[/\\A\\//], Portinfra::File] $files,
  Optional[String[1]] $last = undef,
) {
  $search = ['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin']
  $daemon_reload = 'systemctl daemon-reload'

  $folders = $files.keys.map |$file_path| { regsubst($file_path, '/[^/]+\\z', '') }
  $folders.unique.each |$folder| {
    exec { "${title}: mkdir -p ${folder}":
      command => "mkdir -p ${folder}",
      creates => $folder,
      path    => $search,
    }
  }

  $reloads = $files.values.map |$file| { $file['reload'] }.filter |$command| { $command =~ String[1] }.unique
  $reloads.each |$command| {
    exec { "${title}: ${command}":
      command     => $command,
      path        => $search,
      refreshonly => true,
    }
    # systemd reads a changed unit before it reloads its service.
    if $daemon_reload in $reloads and $command != $daemon_reload {
      Exec["${title}: ${daemon_reload}"] -> Exec["${title}: ${command}"]
    }
  }

  $files.each |$file_path, $file| {
    $folder = regsubst($file_path, '/[^/]+\\z', '')
    $before_it = $file_path ? {
      $last   => ($files.keys - [$last]).map |$other| { File[$other] },
      default => [],
    }
    $notified = $file['reload'] ? {
      undef   => [],
      default => [Exec["${title}: ${file['reload']}"]],
    }
    file { $file_path:
      ensure       => file,
      owner        => 'root',
      group        => 'root',
      mode         => $file['mode'],
      content      => $file['content'],
      validate_cmd => $file['check'],
      require      => [Exec["${title}: mkdir -p ${folder}"]] + $before_it,
      notify       => $notified,
    }
  }
}
"""

_TYPE = """\
# One file: `%` in check is the new file, and reload makes a program read it.
type Portinfra::File = Struct[{
  mode             => Pattern[/\\A0[0-7]{3}\\z/],
  content          => String,
  Optional[check]  => String[1],
  Optional[reload] => String[1],
}]
"""

_CLOUD = """\
# What a host needs only because of its cloud. On another cloud only the data of this module differs.
#
# @param provider The provider of the environment, such as aws, gcp or libvirt.
# @param files The files by path.
class portinfra_cloud (
  String[1] $provider,
  Hash[Pattern[/\\A\\//], Portinfra::File] $files = {},
) {
  portinfra::files { 'portinfra_cloud':
    files => $files,
  }
}
"""

FILES = {
    "portinfra/manifests/init.pp": _MAIN,
    "portinfra/manifests/files.pp": _FILES,
    "portinfra/types/file.pp": _TYPE,
    "portinfra_cloud/manifests/init.pp": _CLOUD,
}
"""The files of both modules, by path within the folder of modules."""
