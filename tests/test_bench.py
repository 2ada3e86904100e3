"""The bench: its tables print, its arithmetic is counted right, and its separate trainings are the sweep's own."""

import pytest
import torch
from conftest import SMALL

from distill import bench
from distill.bench import training as race
from distill.config import SweepConfig
from distill.training import build

TINY = ["--epochs", "1", "--betas", "3"]


@pytest.mark.parametrize(
    ("part", "said"),
    [("training", ("trainings alone", "final loss", "GFLOP/s")), ("measuring", ("I(X;Z)", "checkpoints", "snapshots"))],
)
def test_a_part_prints_its_tables(part, said, capsys):
    before = torch.get_num_threads()
    try:
        assert bench.main([part, *TINY]) == 0
    finally:
        torch.set_num_threads(before)
    printed = capsys.readouterr().out
    assert all(each in printed for each in (*said, "cores"))
    assert "nan" not in printed


def test_useful_arithmetic_of_a_network_counted_by_hand():
    config = SweepConfig(betas=(0.0, 0.1), latent_dim=3, **SMALL)
    forwards = 64 * config.hidden[0] + config.hidden[0] * 6 + 3 * 10
    wanted = 2 * 2 * config.batch_size * (3 * forwards - 64 * config.hidden[0])
    assert race.useful_flops(config, build(config)) == wanted


def test_a_model_taken_out_of_the_sweep_has_its_loss():
    config = SweepConfig(betas=(0.0, 0.1), latent_dim=3, **SMALL)
    trainer = build(config)
    separate = race.Separate(trainer)
    with torch.no_grad():
        trainer.model.decoder.bias[1] += 1.0
        noise = torch.randn(len(separate.inputs), 3, generator=torch.Generator().manual_seed(0))
        wanted = trainer.loss(separate.inputs, separate.labels, noise)[1]
        found = race._taken(trainer, 1).loss(separate.inputs, separate.labels, noise, 0.1)
    assert found.item() == pytest.approx(wanted.item(), rel=1e-5)


def test_the_curve_of_a_short_training_falls_with_compression():
    config = SweepConfig(betas=(0.0, 2.0), latent_dim=3, epochs=4, **SMALL)
    before = torch.get_num_threads()
    try:
        (weak, strong), seconds = race._curve(config)
    finally:
        torch.set_num_threads(before)
    assert weak > strong + 0.5
    assert seconds > 0


def test_a_part_that_is_not_there_is_refused_with_those_that_are(capsys):
    with pytest.raises(SystemExit):
        bench.main(["driving"])
    assert "browser" in capsys.readouterr().err
