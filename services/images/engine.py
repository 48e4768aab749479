"""Loads what train.py wrote, keeps the index, and answers; knows nothing of HTTP."""

import io
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from threading import Thread
from typing import Literal

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from services.images import copies, replies, sheet
from services.images.anchors import Anchor, Anchors, New, Picture, Searcher, picture_of, plain
from services.images.anchors.searcher import Match
from services.images.calibration import RANKS, Calibration
from services.images.copying import CopyFinder, copy_score, thumbnail_of
from services.images.defaults import FILES, MAP, import_defaults, renew
from services.images.duplicates import DuplicateFinder, Found
from services.images.embedder import Embedder, Seen, Vectors
from services.images.explaining import similarity_map
from services.images.features import cropped, decode, format_of, open_header
from services.images.heat import Heat, heat_map
from services.images.projection import Projection
from services.images.schemas import anchors as wire
from services.images.schemas.groups import Duplicates, DuplicatesRequest, MapPage, MapRequest, Tier
from services.images.schemas.matches import (
    Compared,
    Embedded,
    EmbedRequest,
    Matches,
    SearchRequest,
    SimilarRequest,
    TextRequest,
)
from services.images.schemas.matches import Match as MatchReply
from services.images.settings import Settings
from services.images.spaces import WIDTHS, Look, Space
from shared.arrays import JSON, json_bytes, npy_bytes
from shared.artifacts import Manifest, verify
from shared.batching import ModelMetrics
from shared.bodies import Upload
from shared.cards import card_of
from shared.engine import Card
from shared.figures import picture
from shared.problems import NotFound, Problem, Unprocessable, UnsupportedMedia, shorten
from shared.tensors import load_tensors

THUMBNAIL = 96  # pixels
ALIKE_NOTE = "the probability supposes that there is a picture of the same thing; where there is none it is too high"
ITSELF = 1 - 1e-6  # cosine of a picture with its own file
LIKELY = 0.5  # probability from which on two pictures that are compared are said to show the same thing
# The same of two anchors. Each has a nearest one, which a calibration on searches that have an answer is too sure of.
ALIKE = 0.95
METHOD = "t-SNE of the anchors that training knew; others are placed among those most similar to them"
LONGEST_NAME = 200  # letters
LIMITS = [
    "There is always a most similar anchor; no_match says when even that is probably something else.",
    "Probabilities were calibrated on pictures like those it was trained on; of others they are a guess.",
    "The adapted embedding knows what it was trained on; of other pictures the general one knows more.",
    "Words find what ImageNet has a class for, and what the names of the anchors say; English only.",
    "Twenty-four clock faces and many smileys differ by less than the turn their line art is given.",
]
EMPTY = "the index is empty: add pictures with POST /images/anchors"


class Engine:
    def __init__(self, settings: Settings, manifest: Manifest, embedder: Embedder, searcher: Searcher) -> None:
        self.settings, self.manifest, self.embedder, self.searcher = settings, manifest, embedder, searcher
        self.anchors = searcher.anchors
        self.device, self.sha256 = embedder.device, manifest.sha256
        self.collectors = embedder.metrics.collectors()
        self.attribution = str(manifest.config["attribution"])
        self.usual: Look = "adapted" if manifest.config["adopted"] else "general"
        self.calibrations = calibrations_of(manifest)
        self.copies = CopyFinder(searcher, embedder)
        self.finder = DuplicateFinder(searcher, self.copies)
        self.projection = Projection(**load_tensors(settings.artifacts / MAP))

    @classmethod
    def load(cls, settings: Settings) -> "Engine":
        manifest, metrics = verify(settings.artifacts), ModelMetrics(settings.name)
        embedder = Embedder.load(settings, metrics)
        anchors = Anchors(settings.state, settings.artifacts / FILES)
        import_defaults(anchors, settings.artifacts, manifest.sha256)
        engine = cls(settings, manifest, embedder, Searcher(anchors, WIDTHS, manifest.sha256))
        Thread(target=renew, args=(anchors, embedder), name="renewing", daemon=True).start()
        return engine

    # ---- searching

    def search(self, raw: bytes, asked: SearchRequest) -> Matches:
        k = self.checked(asked)
        picture = self.pixels(raw, asked.box)
        if asked.by == "copy":
            return self.find_copies(picture, k)
        look = asked.embedding or self.usual
        seen = self.embedder.see(picture)
        found = self.nearest(look, seen.vectors[look], k)
        return self.matches(found, k, look, seen if asked.explain else None)

    def nearest(self, space: Space, vector: Vectors, k: int) -> list[Match]:
        """At least as many as a probability needs to know."""
        (found,) = self.searcher.search(space, vector[None], max(k, RANKS))
        return found

    def matches(self, found: Sequence[Match], k: int, look: Look, seen: Seen | None = None) -> Matches:
        probabilities, no_match = self.calibrated(look, [cosine for _, cosine in found])
        items = []
        for (anchor, cosine), probability in zip(found[:k], probabilities, strict=False):
            with suppress(NotFound):  # removed since it was found
                map_ = self.map_of(seen, look, anchor) if seen else None
                items.append(replies.match(anchor, cosine, probability, map_))
        return self.answer(items, look, no_match)

    def answer(self, items: list[MatchReply], space: Space, no_match: bool | None, note: str | None = None) -> Matches:
        size = self.anchors.count()
        return Matches(
            matches=items,
            no_match=no_match,
            model=self.embedder.name,
            embedding=space,
            index_size=size,
            note=note if size else EMPTY,
            attribution=self.attribution,
        )

    def calibrated(self, look: Look, cosines: Sequence[float]) -> tuple[Sequence[float | None], bool | None]:
        """The probability of each, and whether there is no match."""
        calibration = self.calibrations.get(look)
        if calibration is None:
            return [None] * len(cosines), None
        itself = [cosine for cosine in cosines if cosine > ITSELF]  # says nothing of how similar others are
        rows = np.array([cosines[len(itself) :]], dtype=np.float64)
        probabilities: list[float] = calibration.probabilities(rows)[0].tolist()
        return [1.0] * len(itself) + probabilities, not itself and bool(calibration.no_match(rows)[0])

    def map_of(self, seen: Seen, look: Look, anchor: Anchor) -> replies.Map:
        other = self.searcher.vector(look, anchor)
        return self.explained(seen, look, other)

    def explained(self, seen: Seen, look: Look, other: Vectors) -> replies.Map:
        """What each cell of a picture adds to its similarity to a vector, (H, W)."""
        weight, bias = self.embedder.head(look)
        map_: replies.Map = similarity_map(
            seen.cells[look].cpu(), weight.cpu(), bias.cpu(), torch.from_numpy(other)
        ).numpy()
        return map_

    def find_copies(self, picture: Tensor, k: int) -> Matches:
        found = self.copies.find(self.embedder.see(picture), thumbnail_of(picture), k)
        items = [replies.match(anchor, score) for anchor, score in found]
        note = f"edited copies score {copies.EDITED} and more; the score is how well the pixels agree, not the cosine"
        return self.answer(items, "copies", not found or found[0][1] < copies.EDITED, note)

    def search_by_text(self, asked: TextRequest) -> Matches:
        self.check_k(asked.k)
        text = asked.text.strip()
        if not text:
            raise Unprocessable("text has no words: say what to look for, as in `a red fruit`")
        (found,) = self.searcher.search("words", self.embedder.asked(text)[None], asked.k)
        note = None if text.isascii() else "only English is understood: of other languages mere letters"
        return self.answer([replies.match(anchor, cosine) for anchor, cosine in found], "words", None, note)

    def similar(self, anchor_id: str, asked: SimilarRequest) -> Matches:
        """Itself first, as it is its own most similar picture."""
        self.check_k(asked.k)
        look = asked.embedding or self.usual
        vector = self.searcher.vector(look, self.anchors.get(anchor_id))
        found = self.nearest(look, vector, asked.k)[: asked.k]
        note = "probabilities are of pictures that are searched with; of two anchors /images/duplicates tells more"
        return self.answer([replies.match(anchor, cosine) for anchor, cosine in found], look, None, note)

    def checked(self, asked: SearchRequest) -> int:
        if asked.embedding and asked.by == "copy":
            raise Unprocessable("embedding is of by=look: copies have vectors of their own")
        if asked.explain and asked.by == "copy":
            raise Unprocessable("explain=true tells of by=look: copies are found by laying pictures over each other")
        if asked.explain and asked.k > self.settings.max_explained:
            raise Unprocessable(
                f"k is {asked.k}: at most {self.settings.max_explained} matches are explained at a time"
            )
        return self.check_k(asked.k)

    def check_k(self, k: int) -> int:
        most = min(self.anchors.count(), self.settings.max_matches)
        if k < 1 or k > most > 0:  # of an empty index the answer says that it is
            raise Unprocessable(f"k is {shorten(k)}: the index can answer with 1 to {max(most, 1)} anchors")
        return k

    def pixels(self, raw: bytes, box: str | None = None) -> Tensor:
        """What the network sees of a file, or of a region of it."""
        if box is None:
            return self.embedder.read(raw)
        return self.embedder.prepare(cropped(self.opened(raw), box))

    def check_pixels(self, raws: Sequence[bytes]) -> None:
        """Of many pictures together, by their headers: small files may be large pictures."""
        pixels = sum(pixels_in(raw) for raw in raws)
        if pixels > (most := self.settings.max_pixels_together):
            raise Unprocessable(f"{len(raws)} pictures of {pixels:,} pixels: at most {most:,} at a time; send fewer")

    def opened(self, raw: bytes) -> Image.Image:
        return decode(raw, self.settings.max_pixels)

    # ---- pictures of answers

    def sheet(self, raws: Sequence[bytes], asked: SearchRequest) -> bytes:
        """The contact sheet of one or many searches, as PNG."""
        self.check_sheet(asked.k, len(raws))
        self.check_pixels(raws)
        rows = [sheet.Row(self.query_tile(raw, asked.box), self.tiles(self.search(raw, asked))) for raw in raws]
        return picture(sheet.contact_sheet(rows, self.attribution), "png")

    def query_tile(self, raw: bytes, box: str | None) -> Image.Image:
        image = self.opened(raw)
        return sheet.tile(cropped(image, box) if box is not None else image)

    def text_sheet(self, asked: TextRequest) -> bytes:
        self.check_sheet(asked.k, 1)
        row = sheet.Row(asked.text, self.tiles(self.search_by_text(asked)))
        return picture(sheet.contact_sheet([row], self.attribution), "png")

    def tiles(self, answer: Matches) -> list[tuple[Image.Image, str]]:
        tiles = []
        for match in answer.matches:
            with suppress(NotFound):  # removed since it was found
                caption = f"{match.name}\n{match.file}  {match.similarity:.3f}"
                tiles.append((sheet.tile(self.open(match.id)), caption))
        return tiles

    def check_sheet(self, k: int, queries: int) -> None:
        most = self.settings.max_sheet
        if queries > most:
            raise Unprocessable(f"{queries} queries: a contact sheet shows at most {most}, with a match each")
        if k * queries > most:
            each = f", {most // queries} for each of {queries} queries" if queries > 1 else ""
            raise Unprocessable(f"k is {k}: a contact sheet shows 1 to {most} matches{each}; as JSON you get more")

    # ---- two pictures

    def compare(self, raw_a: bytes, raw_b: bytes, asked: EmbedRequest) -> Compared:
        pictures, look = [self.pixels(raw) for raw in (raw_a, raw_b)], asked.embedding or self.usual
        a, b = (self.embedder.see(picture) for picture in pictures)
        similarity = float(np.dot(a.vectors[look], b.vectors[look]))
        copy, probability = copy_score(pictures, (a, b)), self.probability(look, a, similarity)
        return Compared(
            similarity=clipped(similarity),
            probability=probability,
            maps={
                "a": replies.cells(self.explained(a, look, b.vectors[look])),
                "b": replies.cells(self.explained(b, look, a.vectors[look])),
            },
            copy_similarity=clipped(copy),
            tier=tier_of([self.opened(raw) for raw in (raw_a, raw_b)], copy, probability),
            model=self.embedder.name,
            embedding=look,
        )

    def probability(self, look: Look, seen: Seen, similarity: float) -> float | None:
        """As if the other were in the index: how crowded it is around the first tells what a cosine means."""
        calibration = self.calibrations.get(look)
        if calibration is None:
            return None
        if similarity > ITSELF:
            return 1.0
        found = [cosine for _, cosine in self.nearest(look, seen.vectors[look], RANKS) if cosine <= ITSELF]
        others = [cosine for cosine in found if abs(cosine - similarity) > 1 - ITSELF]  # the other may be there itself
        ranked = np.sort(np.array([*others, similarity]))[::-1]
        return float(calibration.probabilities(ranked[None])[0][np.searchsorted(-ranked, -similarity)])

    def heat_map(self, raw_a: bytes, raw_b: bytes, asked: EmbedRequest) -> bytes:
        compared = self.compare(raw_a, raw_b, asked)
        heats = [
            Heat(self.opened(raw), np.array(map_, dtype=np.float64), side)
            for raw, (side, map_) in zip((raw_a, raw_b), compared.maps.items(), strict=True)
        ]
        return picture(heat_map(heats, compared.similarity, ""), "png")

    def embed_as(self, kind: str, raw: bytes, asked: EmbedRequest) -> bytes:
        look = asked.embedding or self.usual
        vector = self.embedder.see(self.pixels(raw)).vectors[look]
        if kind != JSON:
            return npy_bytes(vector)
        return json_bytes(Embedded(vector=vector, model=self.embedder.name, embedding=look).model_dump(), decimals=8)

    # ---- the index

    def add(self, uploads: Sequence[Upload], asked: wire.AddRequest) -> wire.AddedList:
        """Those that are pictures, all of them or, where they cannot be saved, none; the others are named."""
        self.check_pixels([upload.content for upload in uploads])
        opened: list[tuple[Picture, bytes]] = []
        refused: list[wire.Refused] = []
        for upload in uploads:
            try:
                opened.append((described(upload, self.opened(upload.content), asked), upload.content))
            except (Unprocessable, UnsupportedMedia) as problem:
                refused.append(wire.Refused(file=upload.name, detail=problem.detail))
                if len(uploads) == 1:
                    raise
        if not opened:
            reasons = "; ".join(f"{one.file}: {one.detail}" for one in refused[:5])
            raise Unprocessable(f"none of the {len(uploads)} files could be added. {reasons}")
        added = [replies.added(one) for one in self.searcher.add(self.embedded(opened))]
        return wire.AddedList(items=added, refused=refused, index_size=self.anchors.count())

    def embedded(self, opened: Sequence[tuple[Picture, bytes]]) -> list[New]:
        pictures = [self.pixels(raw) for _, raw in opened]
        one = len(opened) == 1  # goes through the network with the searches that wait
        seen = [self.embedder.see(pictures[0])] if one else list(self.embedder.see_many(pictures))
        vectors = self.embedder.named(seen, [what.name for what, _ in opened])
        return [New(raw, what, vector) for (what, raw), vector in zip(opened, vectors, strict=True)]

    def remove(self, anchor_id: str) -> wire.Removed:
        anchor = self.anchors.get(anchor_id)
        if not self.searcher.remove([anchor.id]):
            raise self.anchors.unknown(anchor_id)  # somebody else was faster
        return wire.Removed(id=anchor.id, name=anchor.name, index_size=self.anchors.count())

    def rename(self, anchor_id: str, name: str) -> wire.Anchor:
        """Words are looked for in names too, so its vector of words is made anew, from its picture."""
        anchor, name = self.anchors.get(anchor_id), plain(name)
        if not name:
            raise Unprocessable("the name has no letters: say what the picture shows")
        vectors = self.embedder.named([self.embedder.see(self.pixels(self.file(anchor_id)))], [name])
        renamed = self.anchors.rename(anchor_id, name)
        self.anchors.renew({anchor.key: vectors[0]}, self.sha256)
        return replies.anchor(renamed)

    def list(self, asked: wire.AnchorsRequest) -> wire.AnchorPage:
        """Those whose name or file contains the query, in the order they came in."""
        found, total = self.anchors.find(asked.query, asked.limit, asked.offset)
        return replies.page(found, total, asked, self.attribution)

    def anchor(self, anchor_id: str) -> wire.Anchor:
        return replies.anchor(self.anchors.get(anchor_id))

    def media(self, anchor_id: str) -> str:
        return self.anchors.get(anchor_id).media

    def file(self, anchor_id: str) -> bytes:
        return self.anchors.bytes_of(self.anchors.get(anchor_id))

    def open(self, anchor_id: str) -> Image.Image:
        return self.opened(self.file(anchor_id))

    def thumbnail(self, anchor_id: str) -> bytes:
        """A PNG that fits into 96 x 96."""
        image = self.open(anchor_id)
        image.thumbnail((THUMBNAIL, THUMBNAIL))
        buffer = io.BytesIO()
        image.save(buffer, "PNG")
        return buffer.getvalue()

    # ---- all of them

    def duplicates(self, asked: DuplicatesRequest) -> Duplicates:
        threshold = self.threshold(asked)
        found = self.found_duplicates(asked.tier, threshold)
        shown = found.groups[asked.window]
        there = self.anchors.by_keys([key for group in shown for key in (group.first, *group.others)])
        return Duplicates(
            items=[reply for group in shown if len((reply := replies.group(group, there)).anchors) > 1],
            total=len(found.groups),
            limit=asked.limit,
            offset=asked.offset,
            tier=asked.tier,
            threshold=threshold,
            left=found.left,
            note=found.note,
            attribution=self.attribution,
        )

    def threshold(self, asked: DuplicatesRequest) -> float:
        usual = {"same": 1.0, "edited": copies.EDITED, "alike": ALIKE}[asked.tier]
        if asked.tier == "same" and asked.threshold is not None:
            raise Unprocessable("tier=same has no threshold: pixels are the same or they are not")
        return usual if asked.threshold is None else asked.threshold

    def found_duplicates(self, tier: Tier, threshold: float) -> Found:
        finder = self.finder
        if tier == "same":
            return finder.same()
        if tier == "edited":
            return finder.edited(threshold)
        calibration = self.calibrations.get(self.usual)
        if calibration is None:
            raise Unprocessable("tier=alike needs probabilities, and this model was not calibrated: train it anew")
        return finder.alike(self.usual, calibration, threshold)._replace(note=ALIKE_NOTE)

    def map(self, asked: MapRequest) -> MapPage:
        found, total = self.anchors.find("", asked.limit, asked.offset)
        there, vectors = self.searcher.vectors(self.usual, found)
        return MapPage(
            items=replies.points(there, self.projection.place(torch.from_numpy(vectors)).tolist()),
            total=total,
            limit=asked.limit,
            offset=asked.offset,
            method=METHOD,
            attribution=self.attribution,
        )

    # ---- the card

    def card(self) -> Card:
        identities = self.manifest.config["identities"]
        assert isinstance(identities, dict)
        return card_of(
            self.manifest,
            self.settings.artifacts,
            self.device,
            summary="Finds the pictures that look most like yours.",
            summary_ko="여러분의 사진과 가장 닮은 사진을 찾습니다.",
            picture="/images/search?text=a+red+fruit&k=5",
            task=f"One embedding for pictures of one thing, by {self.manifest.config['loss']}; served: {self.usual}",
            licence=f"Pictures: {self.attribution}. {self.manifest.config['weights_licence']}; MiniLM: Apache-2.0.",
            sizes={
                "parameters": sum(parameter.numel() for parameter in self.embedder.network.parameters()),
                "embedding": WIDTHS["general"],
                "anchors": self.anchors.count(),
                **{f"identities {what}": float(str(count)) for what, count in identities.items()},
                **{f"recall@10 of {space}, against exact": recall for space, recall in self.recalls().items()},
            },
            limits=LIMITS,
        )

    def recalls(self) -> dict[str, float]:
        """How many of the truly nearest the index finds, as it was last measured; 1 where it compares with each."""
        return {space: store.recall for space, store in self.searcher.stores.items()}

    def examples(self) -> dict[str, object]:
        found, _ = self.anchors.find(limit=1)
        return {"anchor_id": found[0].id} if found else {}


def pixels_in(raw: bytes) -> int:
    """As its header says; 0 of what is no picture, which is told when it is opened."""
    try:
        width, height = open_header(raw).size
    except Problem:
        return 0
    return width * height


def described(upload: Upload, image: Image.Image, asked: wire.AddRequest) -> Picture:
    """File names are names: what looks like a path is cut off."""
    sent = upload.name or asked.file or ""
    file = sent.replace("\\", "/").rsplit("/", 1)[-1] or "picture"
    media = f"image/{str(format_of(upload.content)).lower()}"
    name = asked.name or Path(file).stem.replace("_", " ").strip() or file
    return picture_of(upload.content, image, file[:LONGEST_NAME], name[:LONGEST_NAME], media)


def tier_of(
    images: Sequence[Image.Image], copy: float, probability: float | None
) -> Literal["same", "edited", "alike"] | None:
    if images[0].size == images[1].size and images[0].tobytes() == images[1].tobytes():
        return "same"
    if copy >= copies.EDITED:
        return "edited"
    return "alike" if probability is not None and probability >= LIKELY else None


def calibrations_of(manifest: Manifest) -> dict[Look, Calibration]:
    stored = manifest.config["calibration"]
    assert isinstance(stored, dict)
    looks: tuple[Look, ...] = ("general", "adapted")
    return {look: Calibration.from_json(stored[look]) for look in looks if stored.get(look)}  # type: ignore[arg-type]


def clipped(cosine: float) -> float:
    return float(np.clip(cosine, -1, 1))
