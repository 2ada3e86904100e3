"""The semantic codec: codes of a trained run as a file of bytes, and back to labels and pictures by the same run."""

import hashlib
import struct
import zlib
from dataclasses import dataclass

import numpy as np
import xarray as xr

from distill.coding import dithered, symbols
from distill.errors import InvalidValue
from distill.measures.codes import sampled_codes
from distill.measures.deciding import decided, has_label_decoder, predicted
from distill.measures.decoding import decoded, has_decoder

MAGIC, VERSION = b"DISTILL", 1
HEADER = struct.Struct("<7sB6s4sHHeI")  # magic, version, run, fingerprint, β, seed, step, items
CHECKSUM = struct.Struct("<I")
HEADER_BYTES = HEADER.size + CHECKSUM.size  # 32, what every file has beside its payload
FINGERPRINTED = ("codec_width", "codec_quantiles", "codec_share", "label_weight_", "label_bias_")
MOST_SEED = 2**16 - 1
MOST_NUMBERS = 2**22  # items × latent dimensions of one file: a gigabyte while they are coded


@dataclass(frozen=True)
class Decoded:
    """What a file says, read with the run that it was made with.

    Attributes:
        codes: (n, latent) float64, the codes as they arrive: z̃, or one-hot symbols.
        labels: factor → (n, values), q(y|z) of each; {} where Y is continuous, or the run has no label decoder.
        target: (n, Dy) the mean of a continuous Y, else None.
        inputs: (n, feature) E[x|z], standardised, by the run's decoder of pictures; None where it has none.
        beta: index of the compression strength; seed: of the dither; step: of a code without noise, in codec_width.
    """

    codes: np.ndarray
    labels: dict[str, np.ndarray]
    target: np.ndarray | None
    inputs: np.ndarray | None
    beta: int
    seed: int
    step: float


def has_codec(run: xr.Dataset) -> bool:
    """Whether the run carries the model of its codes, so that they can be written and read."""
    return "codec_share" in run or ("codec_width" in run and "codec_quantiles" in run)


def encode(run: xr.Dataset, beta: int, means: np.ndarray, seed: int = 0, step: float = 1.0) -> bytes:
    """A file of n codes at β number `beta`: what the run's encoder made of n items.

    The means μ (n, latent) are quantised under a dither of that seed with steps Δ = √12 σ, so that what is read is
    μ plus noise of the encoder's own variance, and a range coder writes the levels with the run's factorised model of
    them (`distill.coding.dithered`). Of a categorical code `means` are one-hot symbols, which are written as they are.
    `step` scales the steps of a code without noise, which has no natural one (an eighth of the means' deviation over
    the training items where it is 1).

    The file: 28 bytes of header (DISTILL, version, the run's id, a fingerprint of the codec and the label decoder, β,
    seed, step, n), the payload, and the CRC-32 of all before it.

    Raises:
        InvalidValue: for a run without a codec, a β, a seed or a step that cannot be, and codes that do not fit.
    """
    _check(run, beta)
    step = _step(run, step)
    if means.ndim != 2 or means.shape[1] != run.sizes["latent"]:
        raise InvalidValue(f"codes must have the shape (n, {run.sizes['latent']}); got {means.shape}")
    _check_count(run, len(means))
    if not isinstance(seed, int | np.integer) or not 0 <= seed <= MOST_SEED:
        raise InvalidValue(f"the seed of a dither is a whole number from 0 to {MOST_SEED}; got {seed!r}")
    if run.attrs.get("code") == "categorical":
        payload = symbols.write(_shares(run, beta), means.argmax(-1))
    else:
        model, v = model_of(run, beta, step), dithered.dither(seed, *means.shape)
        payload = dithered.write(model, dithered.levels_of(model, means, v), v)
    head = HEADER.pack(MAGIC, VERSION, _id(run), fingerprint(run), beta, seed, step, len(means))
    return head + payload + CHECKSUM.pack(zlib.crc32(head + payload))


def surprises(run: xr.Dataset, beta: int, means: np.ndarray, seed: int = 0, step: float = 1.0) -> np.ndarray:
    """−log2 P of what `encode` writes for each item, (n,) bits: their mean is the cross-entropy of the run's model.

    Raises:
        InvalidValue: as `encode` does.
    """
    _check(run, beta)
    if run.attrs.get("code") == "categorical":
        return symbols.surprises(_shares(run, beta), means.argmax(-1))
    model, v = model_of(run, beta, _step(run, step)), dithered.dither(seed, *means.shape)
    return dithered.surprises(model, dithered.levels_of(model, means, v), v).sum(-1)


def arriving(run: xr.Dataset, beta: int, means: np.ndarray, seed: int = 0, step: float = 1.0) -> np.ndarray:
    """The codes (n, latent) that are read from what `encode` writes of these, without writing it."""
    if run.attrs.get("code") == "categorical":
        return means
    model, v = model_of(run, beta, _step(run, step)), dithered.dither(seed, *means.shape)
    return dithered.codes_of(model, dithered.levels_of(model, means, v), v)


def to_send(run: xr.Dataset) -> np.ndarray:
    """What `encode` takes of the stored items, (beta, point, latent): means, or the symbols that the maps show."""
    if run.attrs.get("code") == "categorical":
        return sampled_codes(run)
    return run.code_mean.isel(code_step=-1).transpose("beta", "point", "latent").values


def decode(blob: bytes, run: xr.Dataset) -> Decoded:
    """What a file holds: codes, what the label decoder says of them, and what the decoder makes of them.

    Raises:
        InvalidValue: for what is no such file, a damaged or a truncated one, and one that was made with another run.
    """
    beta, seed, step, count = opened(blob, run)
    payload = blob[HEADER.size : -CHECKSUM.size]
    try:
        codes = _read(run, beta, payload, seed, step, count)
    except AssertionError:  # the range coder's own word for bytes that no writer can have made
        raise InvalidValue("this file of codes holds what no coder has written") from None
    here, given = _decoders(run, beta), codes[None]
    readable, continuous = has_label_decoder(run), "covariance_xy" in run
    return Decoded(
        codes=codes,
        labels={name: each[0] for name, each in decided(here, given).items()} if readable and not continuous else {},
        target=predicted(here, given)[0] if readable and continuous else None,
        inputs=decoded(here, given)[0] if has_decoder(run) else None,
        beta=beta, seed=seed, step=step,
    )  # fmt: skip


def _read(run: xr.Dataset, beta: int, payload: bytes, seed: int, step: float, count: int) -> np.ndarray:
    """(count, latent), the codes that a payload holds."""
    if run.attrs.get("code") == "categorical":
        return np.eye(run.sizes["latent"])[symbols.read(_shares(run, beta), payload, count)]
    model, v = model_of(run, beta, step), dithered.dither(seed, count, run.sizes["latent"])
    return dithered.codes_of(model, dithered.read(model, payload, v), v)


def opened(blob: bytes, run: xr.Dataset) -> tuple[int, int, float, int]:
    """β, seed, step and the number of items that the header of a file names; raises InvalidValue as `decode` does."""
    if blob[: len(MAGIC)] != MAGIC[: len(blob)] or not blob:
        raise InvalidValue("this is no file of codes: it does not begin with DISTILL")
    if len(blob) < HEADER_BYTES:
        raise InvalidValue(
            f"this file of codes was cut short: {len(blob)} bytes, and its header alone has {HEADER_BYTES}"
        )
    if CHECKSUM.unpack(blob[-CHECKSUM.size :])[0] != zlib.crc32(blob[: -CHECKSUM.size]):
        raise InvalidValue("this file of codes is damaged or was cut short: its checksum does not fit")
    _, version, made_with, mark, beta, seed, step, count = HEADER.unpack(blob[: HEADER.size])
    if version != VERSION:
        raise InvalidValue(f"this file of codes has version {version}; this program reads version {VERSION}")
    if made_with != _id(run):
        raise InvalidValue(f"this file was made with run {made_with.hex()}, and only that run reads it; this is run "
                           f"{_id(run).hex()}")  # fmt: skip
    if mark != fingerprint(run):
        raise InvalidValue(f"this file was made with another training of run {made_with.hex()}, whose codes this one "
                           "does not read")  # fmt: skip
    _check(run, beta)
    _check_count(run, count)
    return beta, seed, _step(run, step), count


def model_of(run: xr.Dataset, beta: int, step: float = 1.0) -> dithered.Model:
    """The factorised model of a run's means at β number `beta`, with `step` times its steps."""
    _check(run, beta)
    width, quantiles = run.codec_width[{"beta": beta}], run.codec_quantiles[{"beta": beta}]
    return dithered.Model(
        width.values.astype(np.float64) * step, quantiles.transpose("latent", "level").values, run.level.values
    )


def fingerprint(run: xr.Dataset) -> bytes:
    """Four bytes that tell the codec and the label decoder of this training from those of any other."""
    mark = hashlib.blake2b(digest_size=4)
    for name in sorted(str(name) for name in run.data_vars):
        if name.startswith(FINGERPRINTED):
            values = run[name].transpose("beta", ...).values
            mark.update(f"{name} {values.shape} ".encode() + values.astype(values.dtype.newbyteorder("<")).tobytes())
    return mark.digest()


def _check(run: xr.Dataset, beta: int) -> None:
    """Raises InvalidValue for a run without a codec and for a β that it does not have."""
    if not has_codec(run):
        raise InvalidValue(f"run {run.attrs.get('id', '')} has no codec: the model of its codes is added after the "
                           "training")  # fmt: skip
    if not 0 <= beta < run.sizes["beta"]:
        raise InvalidValue(f"run {run.attrs.get('id', '')} has no β number {beta}; there are {run.sizes['beta']}")


def _shares(run: xr.Dataset, beta: int) -> np.ndarray:
    """(latent,) of the symbols at one β."""
    return run.codec_share[{"beta": beta}].values


def _decoders(run: xr.Dataset, beta: int) -> xr.Dataset:
    """The run's decoders at one β, of length 1, and nothing else of it."""
    names = [name for name in run.data_vars if str(name).startswith(("label_", "decoder_", "covariance_xy"))]
    return run[names].isel(beta=[beta], missing_dims="ignore")


def _step(run: xr.Dataset, step: float) -> float:
    """The step as the header has it, in half precision."""
    kept = float(np.float16(step))
    if not 0 < kept < np.inf:
        raise InvalidValue(f"the step must be above 0 and at most {float(np.finfo(np.float16).max):g}; got {step:g}")
    if kept != 1 and run.attrs.get("code") != "noiseless":
        raise InvalidValue(f"the step of a code with noise is that of its noise, and a symbol has none; got {step:g}")
    return kept


def _check_count(run: xr.Dataset, count: int) -> None:
    most = MOST_NUMBERS // run.sizes["latent"]
    if count > most:
        raise InvalidValue(f"this file of codes names {count} items; one holds at most {most} of this run's")


def _id(run: xr.Dataset) -> bytes:
    return bytes.fromhex(run.attrs["id"])
