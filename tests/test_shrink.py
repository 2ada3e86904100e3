"""Networks made smaller: whole numbers, zeros and students, each against what it must be; batched equals alone."""

import lzma
import math
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
import torch
from conftest import SMALL
from torch.nn import functional as F

from distill.coding.weights import entropy_bits
from distill.config import SweepConfig
from distill.errors import DistillError, InvalidValue
from distill.networks import Bottleneck, gaussian_rate
from distill.objectives import Batch, load
from distill.shrink.networks import copied, cropped, sent, weights
from distill.shrink.packing import Written, shuffled_xz
from distill.shrink.pruning import kept, pruned
from distill.shrink.quantising import quantised
from distill.shrink.scoring import Family, histogram
from distill.shrink.stages import Work
from distill.shrink.students import TAUGHT, opinions, softened, students
from distill.shrink_config import ShrinkConfig
from distill.training import Trainer, build, snapshots

NETWORK = SMALL | {"hidden": (24, 16), "latent_dim": 3, "epochs": 1}
BRIEF = ShrinkConfig(NETWORK, seeds=2, widths=(12, 5, 2), tune_epochs=1, student_epochs=1, sparsities=(0.0, 0.5, 0.9))


def trained(trainer):
    for _ in snapshots(trainer, planned=(trainer.steps,)):
        pass
    return trainer


def teacher(config=BRIEF, dtype=torch.float64):
    return trained(Work.of(config, dtype=dtype).teacher)


@pytest.fixture(scope="module")
def taught():
    """Two seeds trained for one epoch, float64."""
    return teacher()


def gaussian(models=1):
    """A network of 100,000 standard normal weights in one layer."""
    model = Bottleneck(models, 250, (400,), 2, 3, "gaussian", torch.Generator().manual_seed(0), torch.float64)
    with torch.no_grad():
        model.encoder[0].weight.normal_(generator=torch.Generator().manual_seed(1))
    return model


def bits_a_weight(levels):
    """Order-0 entropy of whole numbers, without the 32 bits of a step."""
    return (entropy_bits([levels]) - 32) / levels.size


def furthest(one, other):
    return max(float((a - b).detach().abs().max()) for a, b in zip(one, other, strict=True))


# --- the networks that are made smaller


def test_they_are_those_of_a_whole_sweep_at_that_strength(taught):
    sweep = trained(build(SweepConfig(**NETWORK, betas=(0.0, 0.01, 0.3), seeds=2), dtype=torch.float64))
    whole = [each.unflatten(0, (2, 3))[:, 1] for each in sweep.model.parameters()]
    assert furthest(taught.model.parameters(), whole) <= 1e-10


def test_copies_stand_side_by_side_seed_by_seed(taught):
    many = copied(Trainer, taught, 3, {})
    for own, given in zip(many.model.parameters(), taught.model.parameters(), strict=True):
        assert torch.equal(own, given[[0, 0, 0, 1, 1, 1]])
    assert many.strength.tolist() == [0.01] * 6 and many.step == 0


# --- whole numbers


@pytest.mark.parametrize("bits", [2, 3, 4, 8, 16, 24])
def test_levels_are_few_symmetric_and_half_a_step_away(taught, bits):
    found, model = quantised(taught.model, torch.full((2,), bits)), build(taught.config, dtype=torch.float64).model
    found.put_into(model)
    after = weights(model)
    for name, before in weights(taught.model).items():
        levels, steps = found.levels[name], found.steps[name].double()[:, None, None]
        assert int(levels.abs().max()) == 2 ** (bits - 1) - 1
        for each in levels:
            assert len(each.unique()) <= 2**bits - 1
        assert torch.equal(after[name], levels * steps)
        assert ((after[name] - before).abs() <= steps * (0.5 + 1e-6 * 2**bits)).all()
    for name, before in sent(taught.model).items():
        if name not in after:
            assert torch.equal(dict(model.named_parameters())[name], before.half().double())


def test_more_bits_are_never_further_from_the_weights(taught):
    given, errors = weights(taught.model), []
    for bits in (2, 3, 4, 6, 8, 12, 16, 24):
        found = quantised(taught.model, torch.full((2,), bits))
        back = {name: each * found.steps[name].double()[:, None, None] for name, each in found.levels.items()}
        errors.append(sum(float((back[name] - each).detach().square().sum()) for name, each in given.items()))
    assert all(a > b for a, b in pairwise(errors))
    assert errors[-1] < 1e-10 * errors[0]


def test_each_network_has_a_number_of_bits_of_its_own(taught):
    together = quantised(taught.model, torch.tensor([3, 8]))
    for i, bits in enumerate((3, 8)):
        alone = quantised(taught.model, torch.full((2,), bits))
        for name, levels in together.levels.items():
            assert torch.equal(levels[i], alone.levels[name][i])
            assert together.steps[name][i] == alone.steps[name][i]


def test_a_layer_of_zeros_stays_one():
    model = gaussian()
    with torch.no_grad():
        model.encoder[0].weight.zero_()
    found = quantised(model, torch.tensor([4]))
    assert not found.levels["encoder.0.weight"].any() and found.steps["encoder.0.weight"] == 1


@pytest.mark.parametrize(("bits", "golden", "near"), [(8, 6.81, 0.1), (4, 2.65, 0.1), (2, 0.16, 0.04)])
def test_gaussian_weights_have_the_entropy_that_they_should(bits, golden, near):
    """THEORY 11. The step follows the largest of 100,000 weights, which differs from draw to draw."""
    found = quantised(gaussian(), torch.tensor([bits]))
    levels, step = found.levels["encoder.0.weight"].numpy(), float(found.steps["encoder.0.weight"])
    assert bits_a_weight(levels) == pytest.approx(golden, abs=near)
    if step <= 0.5:
        assert bits_a_weight(levels) == pytest.approx(0.5 * math.log2(2 * math.pi * math.e) - math.log2(step), abs=0.01)


# --- zeros


def test_the_smallest_of_all_weights_go_and_nothing_else(taught):
    tuned = pruned(taught, BRIEF.sparsities, 1)
    before, after = weights(taught.model), weights(tuned.model)
    count = sum(each[0].numel() for each in before.values())
    for seed in range(2):
        original = torch.cat([each[seed].flatten() for each in before.values()])
        for i, share in enumerate(BRIEF.sparsities):
            left = torch.cat([each[seed * 3 + i].flatten() for each in after.values()])
            assert int((left == 0).sum()) == round(share * count)
            assert torch.equal(left[left != 0], original[left != 0])
            if share:
                assert original[left == 0].abs().max() <= original[left != 0].abs().min()
    for name, each in sent(tuned.model).items():
        if name not in after:
            assert torch.equal(each, sent(taught.model)[name][[0, 0, 0, 1, 1, 1]])


def test_equal_weights_are_counted_too():
    model = gaussian()
    with torch.no_grad():
        for each in weights(model).values():
            each.fill_(1.0)
    masks = kept(model, torch.tensor([0.25], dtype=torch.float64))
    flat = torch.cat([each.flatten() for each in masks.values()])
    assert int((flat == 0).sum()) == round(0.25 * len(flat))


def test_tuning_moves_what_is_left_and_nothing_else(taught):
    tuned = pruned(taught, BRIEF.sparsities, 1)
    zeros = [each == 0 for each in weights(tuned.model).values()]
    start = [each.detach().clone() for each in weights(tuned.model).values()]
    trained(tuned)
    for each, zero, before in zip(weights(tuned.model).values(), zeros, start, strict=True):
        assert torch.equal(each == 0, zero)
        assert (each != before)[~zero].float().mean() > 0.5  # some have nothing behind them that is not 0


def test_all_sparsities_together_are_each_alone(taught):
    together = trained(pruned(taught, BRIEF.sparsities, 1))
    for i, share in enumerate(BRIEF.sparsities):
        alone = trained(pruned(taught, (share,), 1))
        assert furthest([each[i::3] for each in together.model.parameters()], alone.model.parameters()) <= 1e-10


def test_what_is_trained_again_does_not_begin_young():
    """The temperature of symbols falls from 2 to 0 in the first training; a second one must not heat them up."""
    config = replace(BRIEF, network=NETWORK | {"objective": "categorical", "latent_dim": 16})
    first = teacher(config)
    tuned, seen = pruned(first, (0.0, 0.5), 1), []
    terms = tuned.objective.terms

    def watched(model, batch):
        seen.append(batch.progress)
        return terms(model, batch)

    object.__setattr__(tuned.objective, "terms", watched)
    trained(tuned)
    assert set(seen) == {1.0}


def test_a_sparse_tensor_costs_where_its_zeros_are_and_what_is_left():
    """Bits a weight = h2(s) + (1 − s) H(q | not 0); THEORY 11: 1.065 at s = .9 and 8 bits."""
    model = gaussian()
    layer = model.encoder[0].weight
    cut = layer.detach().abs().flatten().kthvalue(90_000).values
    with torch.no_grad():
        layer *= layer.abs() > cut
    levels = quantised(model, torch.tensor([8])).levels["encoder.0.weight"].numpy().ravel()
    share = float((levels == 0).mean())
    assert share == 0.9
    h2 = -0.9 * math.log2(0.9) - 0.1 * math.log2(0.1)
    assert bits_a_weight(levels) == pytest.approx(h2 + 0.1 * bits_a_weight(levels[levels != 0]), abs=1e-9)
    assert bits_a_weight(levels) == pytest.approx(1.065, abs=0.03)


# --- students


def narrow(width, objective="vib", seeds=2, **more):
    """Networks of that width, trained as any sweep."""
    network = NETWORK | more | {"objective": objective, "hidden": (width, width)}
    return trained(build(SweepConfig(**network, betas=(0.01,), seeds=seeds), dtype=torch.float64))


@pytest.mark.parametrize(
    ("objective", "more"),
    [("vib", {}), ("vib", {"decoder_hidden": (6,)}), ("ceb", {}), ("deterministic", {}), ("categorical", {}),
     ("vib", {"objective_options": {"marginal": "mixture", "components": 3}}), ("beta_vae", {})],
)  # fmt: skip
def test_a_student_without_a_teacher_is_a_network_of_its_width(objective, more):
    """Padding, the other widths, the other seed and the taught ones beside it change nothing, to the last digits."""
    config = replace(BRIEF, network=NETWORK | more | {"objective": objective})
    found = trained(students(teacher(config), BRIEF.widths, 1, 0.7, 4.0))
    for i, width in enumerate(BRIEF.widths):
        alone = dict(narrow(width, objective, **more).model.named_parameters())
        for name, each in found.model.named_parameters():
            own = cropped(each[len(BRIEF.widths) + i :: 6], name, (width, width))
            assert own.shape == alone[name].shape
            assert (own - alone[name]).abs().max() <= 1e-10, (name, width)


def test_units_that_a_narrow_student_lacks_stay_exactly_zero(taught):
    found = trained(students(taught, BRIEF.widths, 1, 0.7, 4.0))
    for name, each in sent(found.model).items():
        for j, one in enumerate(each):
            inside = torch.zeros_like(one, dtype=torch.bool)
            cropped(inside, name, (BRIEF.widths[j % 3],) * 2).fill_(True)
            assert not one[~inside].any(), name


def test_all_students_together_are_each_alone(taught):
    together = trained(students(taught, BRIEF.widths, 1, 0.7, 4.0))
    for i, width in enumerate(BRIEF.widths):
        alone = trained(students(taught, (width,), 1, 0.7, 4.0))
        for (name, each), own in zip(together.model.named_parameters(), alone.model.parameters(), strict=True):
            for j in range(len(TAUGHT)):
                mine = cropped(each[3 * j + i :: 6], name, (width, width))
                assert (mine - own[j::2]).abs().max() <= 1e-10


def test_a_taught_student_starts_as_the_one_that_is_not_and_ends_elsewhere(taught):
    found = students(taught, BRIEF.widths, 1, 0.7, 4.0)
    pairs = [each.unflatten(0, (2, 2, 3)).unbind(1) for each in found.model.parameters()]
    assert all(torch.equal(one, other) for one, other in pairs)
    trained(found)
    assert found.share.tolist() == ([0.7] * 3 + [0.0] * 3) * 2
    assert (
        furthest(*zip(*(each.unflatten(0, (2, 2, 3)).unbind(1) for each in found.model.parameters()), strict=True))
        > 0.01
    )


def test_the_loss_is_hintons(taught):
    """(1 − a) CE + a T² KL(softmax(t/T) ‖ softmax(s/T)) + β rate, item by item against torch's own functions."""
    found = students(taught, (4,), 1, 0.7, 4.0)
    data, items = taught.data, torch.arange(50)
    x = torch.from_numpy(data.inputs[data.train[:50]]).double().expand(4, -1, -1)
    y = torch.from_numpy(data.label[data.train[:50]]).expand(4, -1)
    noise = torch.randn(4, 50, 3, generator=torch.Generator().manual_seed(3)).double()
    given = found.opinions[:, items].repeat_interleave(2, 0)
    loss = found.loss(x, y, noise, given)
    with torch.no_grad():
        mean, scale = found.model.encode(x)
        logits = found.model.decode(mean + scale * noise)
        rate = found.objective.rate(found.model, Batch(x, y, mean, scale, mean)).mean(-1)
        for i in range(4):
            ce = F.cross_entropy(logits[i], y[i])
            soft = F.kl_div((logits[i] / 4).log_softmax(-1), (given[i] / 4).softmax(-1), reduction="batchmean")
            expected = (0.3 * ce + 0.7 * 16 * soft if i % 2 == 0 else ce) + 0.01 * rate[i]
            assert float(loss[i]) == pytest.approx(float(expected), rel=1e-12)


def test_a_teacher_says_the_average_of_what_it_says_of_its_codes(taught):
    said = opinions(taught)
    assert said.shape == (2, len(taught.data.train), 10)
    assert torch.allclose(said.exp().sum(-1), torch.ones(()).double())
    wrong = (said.argmax(-1).numpy() != taught.data.label[taught.data.train]).mean()
    assert wrong < 0.75  # it has learned for one epoch
    assert (said[0] - said[1]).abs().max() > 0.1  # each seed its own teacher


def test_each_factor_is_taught_by_its_own_head():
    config = replace(BRIEF, network=NETWORK | {"weights": {"digit": 1.0, "ink": 0.5}})
    first = teacher(config)
    said = opinions(first)
    assert torch.allclose(said[..., :10].exp().sum(-1), torch.ones(()).double())
    assert torch.allclose(said[..., 10:].exp().sum(-1), torch.ones(()).double())
    assert trained(students(first, (6, 4), 1, 0.7, 4.0)).step == first.steps


def test_the_hotter_a_teachers_opinions_the_more_they_ask_of_a_code():
    """At T = 4 they take more bits than at T = 1: beside them a nat of rate is cheaper."""
    first = teacher(replace(BRIEF, network=NETWORK | {"epochs": 12}), torch.float32)
    inputs = torch.from_numpy(first.data.inputs[first.data.test])
    rate = {}
    for temperature in (1.0, 4.0):
        found = trained(students(first, (12,), 12, 0.7, temperature))
        with torch.no_grad():
            told, _ = gaussian_rate(*found.model.encode(inputs)).mean(-1).view(2, 2).mean(0)
        rate[temperature] = float(told)
    assert rate[4.0] > 1.2 * rate[1.0]


def gradient(teacher_logits, student_logits, temperature):
    logits = student_logits.clone().requires_grad_()
    softened(logits, teacher_logits, temperature).sum().backward()
    return logits.grad


def test_the_square_of_the_temperature_keeps_the_gradients_in_range():
    """THEORY 11, Hinton et al. 2015, §2: T² |∇| hardly moves from T = 1 to 50, and tends to that of logit matching."""
    generator = torch.Generator().manual_seed(0)
    given, own = (torch.randn(500, 10, generator=generator, dtype=torch.float64) for _ in range(2))
    given, own = given - given.mean(-1, keepdim=True), own - own.mean(-1, keepdim=True)
    limit = (own - given) / 10
    size = {
        T: float(gradient(given, own, T).norm(dim=-1).mean() / limit.norm(dim=-1).mean()) for T in (1, 2, 5, 20, 50)
    }
    assert all(0.9 < each < 1.1 for each in size.values())
    assert abs(size[50] - 1) < 0.002 < abs(size[1] - 1)
    for T in (1.0, 4.0, 50.0):
        assert torch.allclose(
            gradient(given, own, T), T * ((own / T).softmax(-1) - (given / T).softmax(-1)), atol=1e-12
        )
    assert (gradient(given, own, 1000.0) - limit).abs().max() < 1e-3
    plain = gradient(given, own, 50.0) / 50**2  # without it, a 2500th is left
    assert float(plain.norm(dim=-1).mean() / limit.norm(dim=-1).mean()) < 1e-3


# --- bytes


def written(model, bits):
    """What is written of the first network of a model."""
    found = quantised(model, torch.full((len(next(model.parameters())),), bits))
    return Family(load("vib"), model, found, [(24, 16)], 2).written(0)


@pytest.mark.parametrize("bits", [2, 3, 4, 8, 16])
def test_a_network_is_read_back_as_it_was_written(taught, bits):
    one = written(taught.model, bits)
    blob = one.file()
    read = Written.unpack(blob)
    assert all(np.array_equal(a, b) for a, b in zip(one.levels, read.levels, strict=True))
    assert np.array_equal(one.steps, read.steps) and np.array_equal(one.rest, read.rest)
    count = sum(each.size for each in one.levels)
    assert count + one.rest.size == sum(each[0].numel() for each in sent(taught.model).values())
    room = 4 + 4 * len(one.levels) + 2 * one.rest.size
    assert len(blob) <= bits / 8 * count + room + 32 * len(one.levels)  # and what the coder says of each tensor
    assert len(blob) >= one.entropy_bytes - 4 * len(one.levels) - 1 or bits > 8


def test_a_network_that_is_read_back_wrongly_is_not_counted(taught, monkeypatch):
    one = written(taught.model, 4)
    monkeypatch.setattr(Written, "unpack", lambda blob: replace(one, steps=one.steps + 1))
    with pytest.raises(DistillError, match="are not those that were written"):
        one.file()


def test_a_small_network_is_written_without_its_padding(taught):
    found = students(taught, BRIEF.widths, 1, 0.7, 4.0)
    what = quantised(found.model, torch.full((12,), 8))
    hidden = [(width, width) for width in BRIEF.widths] * 2
    family = Family(found.objective, found.model, what, hidden, 2)
    for i, width in enumerate(BRIEF.widths):
        own = sum(each[0].numel() for each in sent(narrow(width).model).values())
        assert family.parameters[i] == family.parameters[3 + i] == own
        one = family.written(i)
        assert sum(each.size for each in one.levels) + one.rest.size == own
        assert one.levels[0].shape == (64, width)


def test_numbers_whose_bytes_stand_by_place_are_smaller():
    """THEORY 11: xz takes 26.9 bits for a Gaussian weight in f32, and for one in f16 14.4 as it stands."""
    row = gaussian().encoder[0].weight.detach().numpy().ravel()
    assert shuffled_xz(row.astype(np.float32)) * 8 / row.size == pytest.approx(26.9, abs=0.3)
    half = row.astype(np.float16)
    assert len(lzma.compress(half.tobytes(), preset=9)) * 8 / row.size == pytest.approx(14.4, abs=0.2)
    assert shuffled_xz(half) * 8 / row.size == pytest.approx(13.65, abs=0.1)


def test_a_histogram_counts_every_weight_once():
    row = np.array([-3.0, -1.0, 0.0, 0.001, 0.999, 1.0])
    found = histogram(row, 1.0)
    assert found.shape == (61,) and found.sum() == pytest.approx(1)
    assert found[0] == found[30] == found[60] == pytest.approx(1 / 3)


# --- what cannot be made smaller


@pytest.mark.parametrize(
    ("network", "said"),
    [({"dataset": "gaussian"}, "its label is continuous"), ({"dataset": "joint"}, "nothing is held out of it"),
     ({"hidden": ()}, "has no narrower students")],
)  # fmt: skip
def test_it_is_refused_before_anything_is_trained(network, said):
    with pytest.raises(InvalidValue, match=said):
        Work.of(ShrinkConfig(network))


def test_one_bit_has_no_level_but_zero():
    with pytest.raises(InvalidValue, match="bits must be a whole number from 2 to 24; got 1"):
        ShrinkConfig(bits=(8, 1))
