"""`image`: machine images for hypervisors, which have none of their own."""

from typing import TYPE_CHECKING, Annotated, Literal

from typer import Argument, Option

from portinfra.command_text import command, command_line
from portinfra.commands.exits import Exit, Misuse
from portinfra.commands.options import OutputOptions
from portinfra.commands.session import Session
from portinfra.value import frozen

if TYPE_CHECKING:
    from portinfra.provider.abilities import Images


@frozen
class ImageOptions(OutputOptions):
    """What to build or fetch, and for which site."""

    on: Annotated[
        str, Option("--on", metavar="LOCATION", help="The site whose hypervisors get it: libvirt:rack.")
    ] = ""
    packages: Annotated[
        list[str] | None,
        Option("--package", metavar="PACKAGE", help="build: install this Debian package, too. Repeatable."),
    ] = None
    source: Annotated[
        str, Option("--from", metavar="URL", help="fetch: the URL or the file of the image.")
    ] = ""
    sha256: Annotated[
        str, Option("--sha256", metavar="DIGEST", help="fetch: the SHA-256 that the file must have.")
    ] = ""
    name: Annotated[
        str, Option("--name", metavar="NAME", help="The name of the image in the declaration.")
    ] = ""


def image(
    session: Session,
    verb: Annotated[Literal["build", "fetch"], Argument(help="`build` a Debian image, or `fetch` one.")],
    wanted: ImageOptions,
) -> int:
    """Build or fetch an image for every hypervisor of a site."""
    from portinfra.render.console.terminal import err, write, write_json

    _refuse_what_is_for_the_other(verb, wanted)
    plugin, place = _plugin(wanted.on)

    def say(text: str) -> None:
        err().print(text)

    if verb == "build":
        made = plugin.build_image(place, wanted.packages or (), wanted.name, say)
    elif not wanted.source or not wanted.sha256:
        raise Misuse("image fetch: --from URL or --sha256 DIGEST is missing", fix="Give both.")
    else:
        made = plugin.fetch_image(place, wanted.source, wanted.sha256, wanted.name, say)
    if wanted.as_json:
        write_json({"schema": "portinfra.image/1", "image": made})
    else:
        write(made)
    return Exit.DONE


def _refuse_what_is_for_the_other(verb: str, wanted: ImageOptions) -> None:
    """Raise Misuse for an option that has no effect on this verb."""
    for_fetch = {"--from": wanted.source, "--sha256": wanted.sha256}
    other, options = ("fetch", for_fetch) if verb == "build" else ("build", {"--package": wanted.packages})
    if meant := [option for option, value in options.items() if value]:
        raise Misuse(
            f"image {verb}: {' and '.join(meant)} would have no effect: it is for image {other}",
            fix=f"Leave it out, or run: {command_line('image', other)}",
        )


def _plugin(location: str) -> "tuple[Images, str]":
    """Return the provider of a location, and the place in its own terms. Raises Misuse."""
    from portinfra.provider import registry
    from portinfra.provider.abilities import Images

    name, _, place = location.partition(":")
    if not place:
        raise Misuse(
            "image: no site is named", fix="Name it: --on libvirt:rack, or --on libvirt:qemu:///system"
        )
    plugin = registry.plugin(name)
    if not isinstance(plugin, Images):
        raise Misuse(f"image: {name} has images of its own", fix=f"{command('providers', name)} lists them.")
    return plugin, place
