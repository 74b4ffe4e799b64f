"""Networks and their polynomial twins: audit, deviate, ranges, plan."""

from __future__ import annotations

import contextlib
import dataclasses
import numbers
import pathlib
from typing import Any, Callable, Dict, Iterator, List, Mapping, Optional, Sequence, Tuple, Union, cast

from . import _polycert, cluster
from .answer import Answer
from .exact import Interval, Number, Path, ends, optional, path, texts
from .files import Files, Samples, Tables

Bounds = Union[Number, Sequence[Number]]
"""One number for all activations, or one for each, in order."""
Levels = Union[Number, Sequence[Union[Number, Sequence[Number]]]]
"""Levels of noise: a number or several; a level may be a list, one number for each activation."""


@dataclasses.dataclass(frozen=True)
class Preparation:
    """How a file's numbers become inputs: (scale * number - mean)/std. What is left out is what the network's file states.

    Attributes:
        scale: if neither says it: 1/255 for bytes (uint8), 1 for other numbers.
        mean, std: of each channel in the network's order, or one for all.
        channels: "rgb", or "bgr" to reverse the samples' channels.
        layout: "nchw" or "nhwc", where the shape leaves it open.
        domain: refuse numbers outside (lo, hi) after the scale.
    """

    scale: Optional[Number] = None
    mean: Optional[Bounds] = None
    std: Optional[Bounds] = None
    channels: Optional[str] = None
    layout: Optional[str] = None
    domain: Optional[Interval] = None

    def _options(self) -> Dict[str, Any]:
        return {
            "value_scale": optional(self.scale),
            "mean": None if self.mean is None else texts(self.mean),
            "std": None if self.std is None else texts(self.std),
            "channels": self.channels,
            "layout": self.layout,
            "input_domain": ends(self.domain),
        }


class Audit(Answer):
    """The verdict on every sample. The class is proved to stay on `same` of `samples`."""

    stays: bool
    """Whether the class is proved to stay on every sample, and at every level of noise."""
    words: str
    """The summary that the command prints."""
    certificates: int
    """Certificates that were written."""

    @property
    def samples(self) -> List[Dict[str, Any]]:
        """What was found of each sample, its `verdict` first of all."""
        return self.facts["samples"]

    def __repr__(self) -> str:
        return f"<Audit {'stays' if self.stays else 'not proved to stay'} on all of {len(self.samples)} samples>"


class Deviation(Answer):
    """How far noise moves the result, by samples and levels."""

    certified: int
    """Samples whose class is proved to stay at every level."""

    @property
    def samples(self) -> List[Dict[str, Any]]:
        """One for each sample, with its `levels`."""
        return self.facts["samples"]


class Ranges(Answer):
    """Ranges of activations on trial."""

    holds: bool
    """Whether every range is proved to hold wherever it was tried."""

    @property
    def layers(self) -> List[Dict[str, Any]]:
        """One for each activation: `stated`, `bound_lo`, `bound_hi`, `holds`, `violated`, ..."""
        return self.facts["network"]["layers"]


class Plan(Answer):
    """A precision budget, written to a folder; or why there is none."""

    folder: pathlib.Path
    """Where it is: plan.json, tables with certificates, audits. `polycert.check(folder)` verifies all of it."""
    feasible: bool
    """Whether there is a plan. If not, `facts["why"]` and `facts["cures"]` say why and what would help."""
    stays: bool
    """Whether the class is proved to stay on every sample that states."""
    closes: bool
    """Whether the noise of evaluation closes; also true where no `preset` was given."""

    def tables(self) -> List[pathlib.Path]:
        """The table of each activation, in order."""
        return [self.folder / a["table"][0] for a in self.facts.get("activations", [])]

    def bounds(self) -> List[str]:
        """B of each activation as exact text, in order."""
        return [a["B"] for a in self.facts.get("activations", [])]

    def __repr__(self) -> str:
        if not self.feasible:
            return f"<Plan infeasible: {self.facts['why']}>"
        return f"<Plan {self.facts['levels']} levels, {self.facts['bootstraps']} bootstraps in {self.folder}>"


class Network(Answer):
    """A network's file, read exactly. Shapes of samples, numpy arrays or .npy files, are those of `input_shape`.

    Samples are [N, channels, height, width], [N, height, width, channels] or [N, channels*height*width] (N left out for one),
    of uint8 (pixels), other integers or floats; every number is taken exactly.
    """

    _model: Dict[str, Any]

    @classmethod
    def load(
        cls,
        file: Path,
        *,
        graph: Optional[Path] = None,
        output: Optional[str] = None,
        constants: Optional[Mapping[str, Path]] = None,
    ) -> Network:
        """Reads a network.

        Args:
            file: ONNX, safetensors (a CIFAR residual network by its names, or with its graph), or a folder of arrays with
                graph.json (polycert-graph/1).
            graph: description (polycert-graph/1) for a safetensors file without one.
            output: the output of an ONNX graph that is meant. constants: .npy files of its inputs that stay the same.
        """
        model = {
            "network": path(file),
            "graph": None if graph is None else path(graph),
            "network_output": output,
            "constants": [(name, path(p)) for name, p in (constants or {}).items()],
        }
        network = cls(_polycert.network(dict(model)))
        network._model = model
        return network

    @property
    def input_shape(self) -> Tuple[int, int, int]:
        """Channels, height, width."""
        channels, height, width = self.facts["layers"][0]["shape"]
        return channels, height, width

    @property
    def activations(self) -> int:
        """Activation layers, in whose order tables and bounds are given."""
        return int(self.facts["activation_layers"])

    def __repr__(self) -> str:
        return f"<Network {self.facts['format']}, input {self.input_shape}, {self.activations} activation layers>"

    @contextlib.contextmanager
    def _asked(
        self,
        images: Samples,
        tables: Optional[Tables],
        bound: Optional[Bounds],
        preparation: Optional[Preparation],
        **options: Any,
    ) -> Iterator[Tuple[Files, Dict[str, Any]]]:
        with Files() as files:
            asked = {**self._model, **(preparation or Preparation())._options(), **options}
            asked["input"] = files.array(images, "images.npy")
            asked["tables"] = files.tables(tables)
            asked["bound"] = None if bound is None else texts(bound)
            yield files, asked

    def audit(
        self,
        images: Samples,
        tables: Optional[Tables] = None,
        bound: Optional[Bounds] = None,
        *,
        labels: Union[Samples, Sequence[int], None] = None,
        preparation: Optional[Preparation] = None,
        held: Optional[str] = None,
        domain: Optional[Sequence[Interval]] = None,
        reference: Optional[Path] = None,
        worst: Optional[Levels] = None,
        sigma: Optional[Levels] = None,
        evaluations: Sequence[Path] = (),
        sensitivities: bool = True,
        first: int = 0,
        count: Optional[int] = None,
        threads: Optional[int] = None,
        risk: float = 0.05,
        max_precision: Optional[int] = None,
        output: Optional[Path] = None,
        csv: Optional[Path] = None,
        certificates: Optional[Path] = None,
        client: Any = None,
        shards: Optional[int] = None,
        progress: Optional[Callable[[int, int], Any]] = None,
    ) -> Audit:
        """On which samples the polynomial twin is proved to answer as the network does.

        Args:
            images: samples (see Network), an array or a file.
            tables: one table, or one for each activation or each kind; none for a network of polynomials.
            bound: B: each polynomial is used on [-B, B]; one, or one for each activation. None for tables that are the
                function itself ("direct_relu", ...).
            labels: class numbers of all samples. preparation: how numbers become inputs.
            held: coefficients as a program holds them: "exact", "f64", "f32", "fixed:BITS".
            domain: where the network's own polynomials are meant. reference: the network that is meant, if another.
            worst, sigma, evaluations: noise at the activations in units of B: bounds, sub-Gaussian proxies, evaluation
                certificates; the class is bounded under each level, at the cost of a backward row for every neuron.
            sensitivities: estimate how sensitive the margins are to each layer.
            first, count: which samples, from 0. threads: all cores if left out. risk: 1 - confidence of the intervals.
            max_precision: most bits, 106 to 4,096.
            output: JSON file to write. An interrupted audit goes on from its journal, FILE.journal, when asked again.
            csv: file of one line a sample. certificates: folder for a checked certificate of each sample that stays.
            progress: called with how many samples are done, and of how many. What it raises ends the audit.
            client: a Dask client (`pip install polycert[dask]`): its workers, which have polycert too, do the samples, in `shards`
                tasks (64, or one for each 256 samples; `threads` of each: 1). The result is that of one machine, byte for byte;
                tasks of lost workers run again; what is done is kept beside `output` for the next call. A folder of certificates
                is one that all see.
        """
        with self._asked(
            images,
            tables,
            bound,
            preparation,
            coefficients=held,
            domain=None if domain is None else [ends(d) for d in domain],
            reference=None if reference is None else path(reference),
            worst=_levels(worst),
            sigma=_levels(sigma),
            evaluations=[path(e) for e in evaluations],
            sensitivities=sensitivities,
            count=count,
            threads=threads,
            risk=risk,
            max_precision=max_precision,
            csv=None if csv is None else path(csv),
            certificates=None if certificates is None else path(certificates),
            **{"from": first},
        ) as (files, asked):
            asked["labels"] = files.array(labels, "labels.npy")
            asked["output"] = files.at("audit.json") if output is None else path(output)
            if client is None:
                _, words, stays, made = _polycert.audit(asked, progress)
            else:
                _, words, stays, made = cluster.audit(client, asked, shards, progress)
            answer = Audit(pathlib.Path(asked["output"]).read_text(encoding="utf-8"))
        answer.words, answer.stays, answer.certificates = words, stays, made
        return answer

    def deviate(
        self,
        images: Samples,
        tables: Optional[Tables] = None,
        bound: Optional[Bounds] = None,
        *,
        worst: Optional[Levels] = None,
        sigma: Optional[Levels] = None,
        evaluations: Sequence[Path] = (),
        preparation: Optional[Preparation] = None,
        held: Optional[str] = None,
        centre: str = "polynomial",
        budget: bool = False,
        attack: int = 2,
        first: int = 0,
        count: int = 1,
        threads: Optional[int] = None,
    ) -> Deviation:
        """Proves how far noise at the activations moves the twin's result.

        Args:
            images, tables, bound, preparation, held, worst, sigma, evaluations, threads: as of `audit`.
            centre: what stands undisturbed: "polynomial", or "relu" with the polynomial's error as noise.
            budget: also the bits of noise that each layer has to spare. attack: steps of an attack; 0 leaves it out.
            first, count: which samples, from 0.
        """
        with self._asked(
            images,
            tables,
            bound,
            preparation,
            coefficients=held,
            worst=_levels(worst),
            sigma=_levels(sigma),
            evaluations=[path(e) for e in evaluations],
            centre=centre,
            budget=budget,
            attack=attack,
            count=count,
            threads=threads,
            **{"from": first},
        ) as (_, asked):
            said, certified = _polycert.deviate(asked)
        answer = Deviation(said)
        answer.certified = certified
        return answer

    def ranges(
        self,
        images: Samples,
        ranges: Optional[Path] = None,
        tables: Optional[Tables] = None,
        *,
        fit: Optional[Samples] = None,
        suggest: Optional[Path] = None,
        margin: Optional[Number] = None,
        choose: Optional[int] = None,
        per_channel: bool = False,
        preparation: Optional[Preparation] = None,
        held: Optional[str] = None,
        box: Optional[Interval] = None,
        first: int = 0,
        count: Optional[int] = None,
        risk: float = 0.05,
        max_precision: Optional[int] = None,
    ) -> Ranges:
        """Puts stated ranges of the activations on trial, or chooses some on the first samples and tries them on the others.

        Args:
            images: samples (see Network). ranges: a file that states them (polycert-ranges/1 and others).
            fit: the samples that a file's margin is fitted on.
            suggest: without `ranges`: file to write the chosen ones to. margin: what the greatest |input| is multiplied with
                (1.25). choose: so many samples choose (half). per_channel: a range for each channel.
            tables: made of sign, each used as far as its layer's range says. held: their coefficients.
            box: (lo, hi): prove the ranges for all inputs of this box too (small networks).
            first, count, risk, max_precision, preparation: as of `audit`.
        """
        with self._asked(
            images,
            tables,
            None,
            preparation,
            coefficients=held,
            ranges=None if ranges is None else path(ranges),
            margin=optional(margin),
            choose=choose,
            per_channel=per_channel,
            box=ends(box),
            count=count,
            risk=risk,
            max_precision=max_precision,
            **{"from": first},
        ) as (files, asked):
            asked["fit"] = files.array(fit, "fit.npy")
            if ranges is None:
                asked["suggest"] = files.at("ranges.json") if suggest is None else path(suggest)
            said, holds = _polycert.ranges(asked)
        answer = Ranges(said)
        answer.holds = holds
        return answer


def plan(
    network: Union[Network, Path],
    images: Samples,
    output: Path,
    *,
    labels: Union[Samples, Sequence[int], None] = None,
    preparation: Optional[Preparation] = None,
    agreement: Optional[float] = None,
    margin: Optional[float] = None,
    logits: Optional[float] = None,
    minimise: str = "cost",
    profile: str = "own",
    designs: Sequence[str] = ("composite", "direct"),
    select: Optional[int] = None,
    state: Optional[int] = None,
    seed: int = 1,
    range_margin: Optional[Number] = None,
    levels: Optional[int] = None,
    compare: Optional[int] = None,
    certify: int = 0,
    margins: int = 4,
    preset: Optional[str] = None,
    k: int = 40,
    threads: Optional[int] = None,
    risk: float = 0.05,
) -> Plan:
    """Chooses a polynomial, B and levels for every activation, and proves what the choice is worth on other samples.

    Args:
        network, images: see Network. output: folder to write; what an earlier plan left in it goes.
        agreement, margin, logits: one goal: the class stays on this share of the samples that choose (1 if none is given);
            this share of every margin is left; every logit stays within this.
        minimise: "cost" by the profile, or "levels". profile: a cost profile's name or file. designs: kinds of polynomials.
        select, state, seed: so many samples choose (half), so many others state (all the rest); which of them.
        range_margin: B is this times the greatest |input| seen (3/2). levels: greatest level to use.
        compare: bits of the one design everywhere that the cost is compared with.
        certify: certificates for so many samples that state. margins: so many of the least margins are bounded under noise.
        preset: "A" or "B": CKKS parameters; each activation's noise on ciphertexts is then held against these margins, but
            for 2^-k.

    Returns:
        A Plan. That there is none is an answer too: `feasible` is false, and `facts` says why and what would help.
    """
    if not isinstance(network, Network):
        network = Network.load(network)
    with network._asked(
        images,
        None,
        None,
        preparation,
        agreement=agreement,
        margin=margin,
        logits=logits,
        minimise=minimise,
        profile=profile,
        designs=list(designs),
        select=select,
        state=state,
        seed=seed,
        range_margin=optional(range_margin),
        levels=levels,
        compare=compare,
        certify=certify,
        margins=margins,
        preset=preset,
        k=k,
        threads=threads,
        risk=risk,
        output=path(output),
    ) as (files, asked):
        del asked["tables"], asked["bound"]
        asked["labels"] = files.array(labels, "labels.npy")
        said, feasible, stays, closes = _polycert.plan(asked)
    answer = Plan(said)
    answer.folder = pathlib.Path(output)
    answer.feasible, answer.stays, answer.closes = feasible, stays, closes
    return answer


def _levels(given: Optional[Levels]) -> Optional[List[List[str]]]:
    if given is None:
        return None
    if isinstance(given, (str, numbers.Number)):
        return [texts(cast(Number, given))]
    return [texts(level) for level in cast(Sequence[Any], given)]
