"""The files besides the config on which a run's numbers depend: data and plugins."""

import hashlib

from minigrad.config.models import Config
from minigrad.config.plugins import sha256
from minigrad.files.untrusted import open_regular


def input_hashes(config: Config) -> dict[str, str]:
    """The sha256 of each plugin as it was run, and of each data file as it is, by absolute path.

    A data file that cannot be read is left out: the error is reported where it is read.
    """
    hashes = {plugin: sha256(plugin) for plugin in config.plugins}
    settings = {**config.data.settings(), "test_path": config.data.test_path}
    for key, path in settings.items():
        if key.endswith("path") and isinstance(path, str):
            try:
                with open_regular(path) as file:
                    digest = hashlib.sha256()
                    while block := file.read(1 << 20):
                        digest.update(block)
            except OSError:
                continue
            hashes[path] = digest.hexdigest()
    return hashes
