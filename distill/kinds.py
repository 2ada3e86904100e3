"""The kinds of configurations that there are, and `read`, which tells them apart."""

import json
from collections.abc import Mapping

from distill.config import Configuration, SweepConfig
from distill.errors import unknown
from distill.layer_config import LayersConfig
from distill.shrink_config import ShrinkConfig
from distill.wall_config import WallConfig

KINDS: Mapping[str, type[Configuration]] = {
    kind.KIND: kind for kind in (SweepConfig, LayersConfig, WallConfig, ShrinkConfig)
}


def read(text: str) -> SweepConfig | LayersConfig | WallConfig | ShrinkConfig:
    """The configuration that `to_json` of any kind wrote.

    Raises:
        UnknownName: for a kind that this version does not know.
        InvalidValue: for a field that it does not know.
    """
    kind = json.loads(text).get("kind", "")
    if kind not in KINDS:
        raise unknown("kind of configuration", str(kind), [name for name in KINDS if name])
    return KINDS[kind].from_json(text)
