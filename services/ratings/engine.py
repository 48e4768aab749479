"""Answers with the trained model: predictions and why, recommendations, what to rate next; ratings that come and go."""

import logging
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from threading import Lock

import numpy as np
import torch

from services.ratings import drawings, recommending
from services.ratings.base import Known, Questions
from services.ratings.catalogue import Catalogue, read_tables
from services.ratings.figures.draw import Name
from services.ratings.gains import gains
from services.ratings.journal import Change, Journal
from services.ratings.ledger import UNKNOWN, Ledger
from services.ratings.model import PARTS
from services.ratings.people import People, Somebody, seconds
from services.ratings.predictor import Estimates, Why, counts_before
from services.ratings.ranking import RankingHead
from services.ratings.reasons import Reasons
from services.ratings.recommending import Shown
from services.ratings.schemas.estimate import Because, Parts
from services.ratings.schemas.evaluation import Evaluation, Hits, Placed, Protocol, UserEvaluation
from services.ratings.schemas.movies import Movie, MovieList, MoviesRequest, SimilarList, SimilarMovie, SimilarRequest
from services.ratings.schemas.next import NextList, NextMovie, NextRequest
from services.ratings.schemas.predict import Pair, Prediction, Predictions, PredictRequest
from services.ratings.schemas.ratings import AddRequest, Saved
from services.ratings.schemas.recommend import (
    Recommendation,
    RecommendationList,
    RecommendationsRequest,
    RecommendRequest,
)
from services.ratings.schemas.users import RatingList, UserDetails, UserList
from services.ratings.settings import Settings
from services.ratings.store import read_model, read_words
from services.ratings.table import Table
from services.ratings.top_k import top_k_table
from shared.artifacts import verify
from shared.cards import card_of, read_figures
from shared.device import limit_threads
from shared.engine import Card
from shared.figures import Format
from shared.problems import NotFound, Unprocessable
from shared.schemas import PageRequest
from shared.tensors import load_tensors

log = logging.getLogger("ratings")

STRANGER = "nothing is known of this person's taste: this is what a stranger is told"
MOST_EXPLAINED = 1_000  # pairs of one request: two seconds
EXPLAINED_AT_ONCE = 100
KNOWN_ENOUGH = 200  # movies that may be asked for next: the most rated, for what nobody has seen nobody can rate


class Engine:
    def __init__(self, folder: Path, max_pairs: int = 10_000, journal: Journal | None = None) -> None:
        self.folder, self.manifest = folder, verify(folder)
        self.sha256 = self.manifest.sha256
        self.collectors: tuple[()] = ()
        self.device = "cpu"  # a prediction is some hundred small products: moving them to a GPU takes longer
        self.max_pairs, self.journal, self.lock = max_pairs, journal, Lock()
        self.tables, self.words = read_tables(folder), read_words(folder)
        self.predictor = read_model(folder)
        self.head = RankingHead.from_tensors(load_tensors(folder / "ranking.safetensors"))
        self.catalogue = Catalogue(self.tables, self.words.titles, self.words.genres)
        self.ledger = Ledger(*(self.tables[name] for name in ("user_id", "user", "movie", "stars", "timestamp")))
        self.people = People(self.ledger, self.tables["profile"], self.words.columns, self.catalogue, self.predictor)
        self.table = Table(len(self.tables["user_id"]), len(self.words.titles))
        if journal:
            self.replay(journal)

    @classmethod
    def load(cls, settings: Settings) -> "Engine":
        limit_threads(settings.threads)
        return cls(settings.artifacts, settings.max_pairs, Journal(settings.state / "journal.sqlite"))

    def replay(self, journal: Journal) -> None:
        """Bring back what was added and taken back; what belongs to another catalogue stays in the journal."""
        foreign = 0
        for change in journal.changes():
            movie = self.catalogue.movie_at.get(change.movie_id)
            if movie is None or self.catalogue.titles[movie] != change.title:
                foreign += 1
            else:
                self.write(change.user_id, movie, change.stars, change.at or UNKNOWN)
        if foreign:
            log.warning("%d added ratings are of movies that this catalogue does not have: kept, not applied", foreign)

    # ---- predictions

    def predict(self, asked: PredictRequest) -> Predictions:
        if len(asked.pairs) > self.max_pairs:
            raise Unprocessable(
                f"{len(asked.pairs):,} pairs are more than the limit of {self.max_pairs:,}; ask in parts"
            )
        newcomer = None if asked.ratings is None else self.people.newcomer(asked.ratings, asked.profile)
        movie = np.array([self.movie_of(place, pair) for place, pair in enumerate(asked.pairs)], np.int64)
        found = self.estimates(asked.pairs, movie, newcomer)
        why = self.all_because(asked, movie, newcomer, found) if asked.explain else [None] * len(movie)
        people = {pair.user_id: self.somebody(pair.user_id, newcomer) for pair in asked.pairs}
        stranger = any(not len(one.own) for one in people.values())
        return Predictions(
            predictions=[
                Prediction(user_id=pair.user_id, movie_id=pair.movie_id, **fields, because=reason)
                for pair, fields, reason in zip(asked.pairs, fields_of(found), why, strict=True)
            ],
            note=STRANGER if stranger else None,
        )

    def movie_of(self, place: int, pair: Pair) -> int:
        try:
            if pair.user_id is not None:
                self.people.check(pair.user_id)
            return self.catalogue.position(pair.movie_id)
        except NotFound as problem:
            raise Unprocessable(f"pairs.{place}: {problem.detail}") from None

    def estimates(self, pairs: Sequence[Pair], movie: np.ndarray, newcomer: Somebody | None) -> Estimates:
        """In the order of the pairs; those with a moment and those without are answered apart."""
        users = list(dict.fromkeys(pair.user_id for pair in pairs))
        if all(pair.at is None for pair in pairs) and (ready := self.from_table(pairs, movie)):
            return ready
        somebodies = [self.somebody(user, newcomer) for user in users]
        own = self.people.histories([one.own for one in somebodies])
        profile = torch.cat([one.profile for one in somebodies])
        place = {user: number for number, user in enumerate(users)}
        person = torch.tensor([place[pair.user_id] for pair in pairs])
        timed = torch.tensor([pair.at is not None for pair in pairs])
        whenever = Questions(person, torch.from_numpy(movie), None)
        then = replace(whenever, at=torch.tensor([seconds(pair.at) for pair in pairs]))
        rows = [part.nonzero()[:, 0] for part in (~timed, timed)]
        asked = [whenever.of(rows[0]), then.of(rows[1])]
        found = [self.predictor.answer(own, profile, one) for one in asked if len(one)]
        return Estimates.join(found)[torch.cat(rows).argsort().numpy()]

    def from_table(self, pairs: Sequence[Pair], movie: np.ndarray) -> Estimates | None:
        """When the rows of all these users are filled."""
        users = [pair.user_id for pair in pairs]
        if any(user not in self.ledger.place for user in users):
            return None
        place = np.array([self.ledger.place[user] for user in users if user is not None])
        version = np.array([self.ledger.version(user) for user in users if user is not None])
        return self.table.ready(place, version, movie)

    def somebody(self, user_id: int | None, newcomer: Somebody | None) -> Somebody:
        if user_id is not None:
            return self.people.user(user_id)
        assert newcomer is not None  # the request was checked
        return newcomer

    def known(self, user_id: int | None, newcomer: Somebody | None, at: datetime | None) -> Known:
        """Somebody by the ratings before a moment, or by all."""
        if self.predictor.timed is None:
            at = None  # these ratings have no moments: all of them count
        if at is None and user_id is not None:
            self.people.check(user_id)
            return self.people.known_user(user_id, self.ledger.version(user_id))
        somebody = self.somebody(user_id, newcomer)
        if at is None:
            return self.people.know(somebody)
        own = self.people.histories([somebody.own])
        nobody = torch.zeros(1, dtype=torch.long)
        before = counts_before(own, Questions(nobody, nobody, nobody + seconds(at)))
        return self.predictor.base.know(own.first(before), somebody.profile)

    def all_because(
        self, asked: PredictRequest, movie: np.ndarray, newcomer: Somebody | None, found: Estimates
    ) -> list[Because]:
        """In the order of the pairs; those about the same person and moment share what is known of him."""
        if len(asked.pairs) > MOST_EXPLAINED:
            raise Unprocessable(f"{len(asked.pairs):,} pairs are too many to explain: {MOST_EXPLAINED:,} are the most")
        by_view: dict[tuple[int | None, datetime | None], list[int]] = {}
        for row, pair in enumerate(asked.pairs):
            by_view.setdefault((pair.user_id, pair.at), []).append(row)
        because: dict[int, Because] = {}
        for (user_id, at), rows in by_view.items():
            known = self.known(user_id, newcomer, at)
            for some in (rows[start : start + EXPLAINED_AT_ONCE] for start in range(0, len(rows), EXPLAINED_AT_ONCE)):
                why, reasons = self.why(known, movie[some], at), self.reasons(known)
                for place, row in enumerate(some):
                    because[row] = reasons.because(why, found[np.array(some)], place, asked.because_limit)
        return [because[row] for row in range(len(movie))]

    def why(self, known: Known, movie: np.ndarray, at: datetime | None) -> Why:
        positions = torch.from_numpy(movie)
        return self.predictor.why(known, positions, None if at is None else torch.full_like(positions, seconds(at)))

    def reasons(self, known: Known) -> Reasons:
        return Reasons(known, self.catalogue, float(self.predictor.base.factors.mu))

    # ---- recommendations

    def recommend(self, user_id: int, asked: RecommendationsRequest) -> RecommendationList:
        known, may = self.known(user_id, None, asked.at), self.may_be_shown(self.people.user(user_id), asked)
        return self.listed(known, asked, may, self.shown(known, asked, may, user_id))

    def recommend_newcomer(self, asked: RecommendRequest) -> RecommendationList:
        somebody = self.people.newcomer(asked.ratings, asked.profile)
        known, may = self.known(None, somebody, asked.at), self.may_be_shown(somebody, asked)
        return self.listed(known, asked, may, self.shown(known, asked, may, None))

    def may_be_shown(self, somebody: Somebody, asked: RecommendationsRequest) -> np.ndarray:
        may = self.catalogue.wanted(asked.genre).copy()  # (M,)
        if not asked.include_seen:
            may[somebody.own.movie] = False
        return may

    def shown(self, known: Known, asked: RecommendationsRequest, may: np.ndarray, user_id: int | None) -> Shown:
        at = None if asked.at is None else seconds(asked.at)
        if asked.by == "rank":
            popular = self.catalogue.count / max(1, self.catalogue.count.max())
            return recommending.by_rank(self.predictor, self.head, known, popular, may, asked.window, at)
        ready = self.from_row(user_id, asked, may) if user_id is not None and at is None else None
        return ready or recommending.by_stars(self.predictor, known, may, asked.window, at)

    def from_row(self, user_id: int, asked: RecommendationsRequest, may: np.ndarray) -> Shown | None:
        """Out of the table, where there is one for this user."""
        place, version = self.ledger.place.get(user_id), self.fill_row(user_id)
        if place is None or version is None:
            return None
        usual = asked.genre is None and not asked.include_seen
        page = self.table.page(place, version, None if usual else may, asked.window)
        return page and Shown(page[0], page[1].stars, page[1])

    def fill_row(self, user_id: int) -> int | None:
        """Have the user's row of the table filled, and say of which version; None where there is none."""
        place, version = self.ledger.place.get(user_id), self.ledger.version(user_id)
        if place is None or not self.table.users:
            return None
        if not self.table.has(place, version):
            everything = np.arange(len(self.catalogue.titles))
            known = self.people.known_user(user_id, version)  # the version was read before the ratings are
            found = recommending.estimate(self.predictor, known, everything, None)
            self.table.fill(place, version, found, known.own.movie.numpy())
        return version

    def listed(self, known: Known, asked: RecommendationsRequest, may: np.ndarray, shown: Shown) -> RecommendationList:
        reasons, why = self.reasons(known), None
        if len(shown.movie) and (asked.explain or asked.by == "stars"):
            why = self.why(known, shown.movie, asked.at)
        items = []
        for row, (position, fields) in enumerate(zip(shown.movie, fields_of(shown.found), strict=True)):
            spoke = why.pushes[row] if why and asked.by == "stars" else self.spoke_for(position, reasons)
            because = reasons.because(why, shown.found, row, asked.because_limit) if why and asked.explain else None
            more = {"score": float(shown.score[row]), "because": because, "reasons": reasons.strongest(spoke)}
            items.append(Recommendation(**dict(self.catalogue.details(position)), **fields, **more))
        note = None if len(known.own.movie) else STRANGER
        return RecommendationList(items=items, total=int(may.sum()), limit=asked.limit, offset=asked.offset, note=note)

    def spoke_for(self, movie: int, reasons: Reasons) -> np.ndarray:
        return self.head.reasons(reasons.movie, reasons.stars, movie)

    def next(self, asked: NextRequest) -> NextList:
        newcomer = None if asked.ratings is None else self.people.newcomer(asked.ratings, asked.profile)
        somebody, known = self.somebody(asked.user_id, newcomer), self.known(asked.user_id, newcomer, None)
        wanted = self.catalogue.wanted(asked.genre).copy()
        wanted[somebody.own.movie] = False
        movie = np.array([m for m in self.catalogue.by_count if wanted[m]][:KNOWN_ENOUGH], np.int64)
        gain, variance = gains(self.predictor.base.factors, known, torch.from_numpy(movie))
        best = np.argsort(-gain.numpy(), kind="stable")[asked.window]
        found = recommending.estimate(self.predictor, known, movie[best], None)
        items = [
            NextMovie(
                **dict(self.catalogue.details(movie[row])),
                stars=float(found.stars[n]),
                low=float(found.low[n]),
                high=float(found.high[n]),
                gain=round(float(gain[row]), 6),
                sd=round(float(found.sd[n]), 4),
            )
            for n, row in enumerate(best)
        ]
        note = None if len(somebody.own) else STRANGER
        page = {"total": len(movie), "limit": asked.limit, "offset": asked.offset}
        return NextList(items=items, **page, mean_variance=round(variance, 6), note=note)

    # ---- ratings that come and go

    def add(self, asked: AddRequest) -> Saved:
        movie = self.position_of(asked.movie_id)
        self.people.check_stars(asked.stars)
        return self.change(asked.user_id, movie, asked.stars, asked.at)

    def position_of(self, movie_id: int) -> int:
        try:
            return self.catalogue.position(movie_id)
        except NotFound as problem:
            raise Unprocessable(problem.detail) from None

    def take_back(self, user_id: int, movie_id: int) -> Saved:
        movie = self.catalogue.position(movie_id)
        self.people.check(user_id)
        return self.change(user_id, movie, None, None)

    def change(self, user_id: int, movie: int, stars: float | None, at: datetime | None) -> Saved:
        """On the disk first, then in memory; one change after the other, so that both have the same order."""
        movie_id, title = int(self.catalogue.movie_id[movie]), self.catalogue.titles[movie]
        with self.lock:
            before = self.ledger.stars_of(user_id, movie)
            if stars is None and before is None:
                raise NotFound(f"user {user_id} has no rating of movie {movie_id}, {title}: nothing to take back")
            if self.journal:
                moment = None if at is None else seconds(at)
                self.journal.write(Change(user_id, movie_id, title, stars, moment))
            self.write(user_id, movie, stars, seconds(at))
        count = len(self.ledger.own(user_id))
        return Saved(user_id=user_id, movie_id=movie_id, title=title, stars=stars, before=before, count=count)

    def write(self, user_id: int, movie: int, stars: float | None, at: int) -> None:
        self.catalogue.rerate(movie, self.ledger.stars_of(user_id, movie), stars)
        self.ledger.write(user_id, movie, stars, at)

    # ---- movies and users

    def movies(self, asked: MoviesRequest) -> MovieList:
        found = self.catalogue.search(asked.query, asked.genre)
        items = [self.catalogue.details(movie) for movie in found[asked.window]]
        return MovieList(items=items, total=len(found), limit=asked.limit, offset=asked.offset)

    def movie(self, movie_id: int) -> Movie:
        return self.catalogue.details(self.catalogue.position(movie_id))

    def similar(self, movie_id: int, asked: SimilarRequest) -> SimilarList:
        """By the factors of some samples side by side: movies that the same people like."""
        movie = self.catalogue.position(movie_id)
        taste = self.predictor.base.memory.taste
        cosine = (taste @ taste[movie]).double().clamp(-1, 1).numpy()  # (M,)
        order = np.lexsort((-self.catalogue.count, -cosine))
        order = order[order != movie]
        items = [
            SimilarMovie(**dict(self.catalogue.details(other)), similarity=round(float(cosine[other]), 6))
            for other in order[asked.window]
        ]
        return SimilarList(items=items, total=len(order), limit=asked.limit, offset=asked.offset)

    def users(self, asked: PageRequest) -> UserList:
        ids = self.ledger.ids()
        items = [self.people.details(user) for user in ids[asked.window]]
        return UserList(items=items, total=len(ids), limit=asked.limit, offset=asked.offset)

    def user(self, user_id: int, asked: PageRequest) -> UserDetails:
        own = self.people.user(user_id).own
        rated = self.people.ratings(own)
        ratings = RatingList(items=rated[asked.window], total=len(rated), limit=asked.limit, offset=asked.offset)
        return UserDetails(**dict(self.people.details(user_id)), profile=self.people.habits(own), ratings=ratings)

    # ---- how good it is

    def evaluation_of(self, user_id: int, k: int) -> UserEvaluation:
        """The newsletter's table, on a fifth of the user's ratings that the predicting model had not seen."""
        self.people.check(user_id)
        rows = np.flatnonzero(self.tables["held_user"] == self.ledger.place.get(user_id, -1))
        own = self.ledger.own(user_id)
        rows = rows[np.isin(self.tables["held_movie"][rows], own.movie[~own.added])]  # not those that he took back
        if not len(rows):
            raise Unprocessable(f"user {user_id} has no held-out ratings to compare with: choose another user")
        movie, stars, predicted = (self.tables[f"held_{name}"][rows] for name in ("movie", "stars", "predicted"))
        table = top_k_table(stars, predicted, k)

        def placed(order: np.ndarray) -> list[Placed]:
            return [
                Placed(
                    rank=rank,
                    movie_id=int(self.catalogue.movie_id[movie[row]]),
                    title=self.catalogue.titles[movie[row]],
                    stars=float(stars[row]),
                    predicted=round(float(predicted[row]), 4),
                )
                for rank, row in enumerate(order, start=1)
            ]

        return UserEvaluation(
            user_id=user_id,
            k=len(table.true),
            candidates=table.candidates,
            truth=placed(table.true),
            predicted=placed(table.predicted),
            **vars(table.scores),
            random=Hits(**vars(table.random)),
        )

    def evaluation(self) -> Evaluation:
        found = []
        for figure in read_figures(self.folder):
            *named, protocol = figure.data.split("; ", 1)
            fields = figure.model_dump(exclude={"data"})
            found.append(Protocol(protocol=protocol, data=named[0] if named else self.manifest.data, **fields))
        return Evaluation(protocols=found)

    def figure(self, name: Name, kind: Format) -> bytes:
        source = self.manifest.data
        return drawings.figure(name, kind, source, self.tables, self.words, self.predictor.scale)

    def examples(self) -> dict[str, object]:
        """Ids that the docs can try: a rating that exists."""
        user, movie = int(self.tables["user"][0]), int(self.tables["movie"][0])
        user_id, movie_id = int(self.tables["user_id"][user]), int(self.catalogue.movie_id[movie])
        return {"user_id": user_id, "movie_id": movie_id, "name": "matrix"}

    def card(self) -> Card:
        manifest, factors = self.manifest, self.predictor.base.factors
        return card_of(
            manifest,
            self.folder,
            self.device,
            summary="Predicts the stars somebody gives a movie, with a 90 % interval, the part of each branch and what "
            "each own rating did; recommends; learns a rating the moment it is given.",
            summary_ko="누가 어떤 영화에 별점을 몇 점 줄지 90 % 구간과 함께 예측하고, 그 이유를 밝히고, "
            "영화를 추천하며, 새 별점을 받는 즉시 배웁니다.",
            picture="/ratings/figures/matrix",
            task="Regression of stars by Bayesian matrix factorisation with features, attention over own ratings and a "
            "small MLP; ranking by EASE.",
            licence=str(manifest.config["licence"]),
            sizes={
                "samples": len(factors.movies),
                "numbers of a movie and sample": factors.movies.shape[2],
                "users": len(self.tables["user_id"]),
                "movies": len(self.words.titles),
                "ratings": len(self.tables["stars"]),
                "lowest stars": self.predictor.scale[0],
                "highest stars": self.predictor.scale[1],
            },
            limits=[
                "A new rating moves its user's predictions at once; the movies' side learns at the next training.",
                "The interval covers nine of ten ratings over all users, not for every single user.",
                "Only movies of the data are known; one without ratings is predicted from its genres and year.",
                "Who rates a movie has chosen it: for one somebody would never watch, the stars are a guess.",
            ],
        )


def fields_of(found: Estimates) -> list[dict[str, object]]:
    """The fields of an Estimate, one prediction after the other."""
    columns = (column.tolist() for column in (found.stars, found.low, found.high, found.parts))
    return [
        {"stars": stars, "low": low, "high": high, "parts": Parts(**dict(zip((*PARTS, "clip"), parts, strict=True)))}
        for stars, low, high, parts in zip(*columns, strict=True)
    ]
