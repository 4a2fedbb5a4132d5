"""`bnlab data fetch`: a data set from the network, checked."""

from __future__ import annotations

from pathlib import Path

import click

from bnlab.cli.lazy import interruptible
from bnlab.cli.options import PATH, SECONDS, Number, data_folders, quiet_option
from bnlab.cli.tables import print_text
from bnlab.data.sources import REMOTES, remote


@click.command("fetch", epilog="Example: bnlab data fetch cifar10")
@click.argument("name", metavar="|".join(REMOTES))
@click.option(
    "--data-dir",
    type=PATH,
    help="Folder to put it into, made if need be [default: $BNLAB_DATA_DIR, else the user's cache folder].",
)
@click.option(
    "--source",
    "sources",
    metavar="URL",
    multiple=True,
    help="Where to fetch from, in place of the sources that bnlab knows: the address of a file, or of the folder that has "
    "the files under their own names; repeatable, tried in turn.",
)
@click.option(
    "--timeout",
    type=SECONDS,
    default=30,
    show_default=True,
    metavar="SECONDS",
    help="Give a source up that doesn't connect, or sends nothing, for so long.",
)
@click.option(
    "--min-rate",
    type=Number(min=0),
    default=200,
    show_default=True,
    metavar="KB",
    help="Leave a source that sends fewer kB per second, over 20 s, for the next one; 0 for never.",
)
@quiet_option
def command(
    name: str, data_dir: Path | None, sources: tuple[str, ...], timeout: float, min_rate: float, quiet: bool
) -> None:
    """Fetch a data set, so that `bnlab data list` finds it.

    Its files are checked by the hashes that its publisher gives before anything is used. The same command again goes on
    from what an interrupted one has left. An official archive that lies in the folder is unpacked, without the network.
    """
    remote(name)
    from bnlab.cli.progress import byte_bar
    from bnlab.data.download import Limits
    from bnlab.data.fetch import fetch, kept

    folders = (data_dir,) if data_dir is not None else data_folders(None)
    limits = Limits(timeout=timeout, min_rate=1000 * min_rate)

    def so_far() -> str:
        here = f"{kept(name, folders[0]) / 1e6:,.1f} MB of {name} are kept in {folders[0]}"
        return f": {here}; the same command goes on from there"

    with interruptible(so_far), byte_bar(not quiet) as (tell, advance):
        fetched = fetch(name, folders, sources, limits, tell, advance)
    if not quiet:
        found = fetched.description
        images = f"{found.num_train + found.num_val:,} images for training and {found.num_test:,} test images"
        print_text(f"{name}: {images} in {found.where}")
        print_text(
            f"from {', '.join(fetched.sources)}" if fetched.sources else "They were there before: nothing was fetched."
        )
