"""The build of the wheel: what .ci/setup installs first, as make does, then maturin."""

import pathlib
import subprocess

import maturin
from maturin import build_sdist, get_requires_for_build_sdist, get_requires_for_build_wheel  # noqa: F401
from maturin import prepare_metadata_for_build_wheel  # noqa: F401

SETUP = pathlib.Path(__file__).parents[2] / ".ci" / "setup"


def _set_up() -> None:
    # A source distribution has no such script: there the tools must be there already.
    if SETUP.exists():
        subprocess.run([str(SETUP)], check=True)


def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):
    _set_up()
    return maturin.build_wheel(wheel_directory, config_settings, metadata_directory)


def build_editable(wheel_directory, config_settings=None, metadata_directory=None):
    _set_up()
    return maturin.build_editable(wheel_directory, config_settings, metadata_directory)
