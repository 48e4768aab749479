"""What others tell people they were not trained on, from a few ratings: biases at once, or a whole new training."""

import time
from dataclasses import replace

import numpy as np
import pandas as pd

from services.ratings.dataset import Dataset
from services.ratings.peers.stars import RATING_PEERS, Answer, Peer, indices

RETRAINED = ("Surprise SVD", "Surprise SVD tuned (60 epochs, reg .07)", "myFM with features and who rated what")


def bias_fold_in(train: Dataset, given: pd.DataFrame, held: pd.DataFrame) -> Answer:
    """mu + b_i + b_u: the sum of the residuals over their number and a damping, 5 for a movie and 4 for a user."""
    start = time.process_time()
    mean = float(train.ratings["stars"].mean())
    rated, stars = train.movie_index, train.ratings["stars"].to_numpy(float)
    movies = len(train.movies) + 1  # the last: one that is not there
    b_i = np.bincount(rated, stars - mean, movies) / (np.bincount(rated, minlength=movies) + 5)
    seconds = time.process_time() - start
    rest = given["stars"] - mean - b_i[indices(train, given)[1]]
    of_user = rest.groupby(given["user_id"]).agg(["sum", "count"])
    b_u = (of_user["sum"] / (of_user["count"] + 4)).reindex(held["user_id"]).fillna(0).to_numpy()
    return Answer((mean + b_i[indices(train, held)[1]] + b_u).clip(*train.scale), seconds)


def retrained(peer: Peer, train: Dataset, given: pd.DataFrame, held: pd.DataFrame, profiles: pd.DataFrame) -> Answer:
    """Trained once more with what was given; who the newcomers are is told as it is told of everybody."""
    new = profiles[profiles["user_id"].isin(given["user_id"])]
    everybody = pd.concat([train.users, new], ignore_index=True)
    return peer.answer(replace(train, users=everybody, ratings=pd.concat([train.ratings, given])), held)


def answers_at(
    train: Dataset, given: pd.DataFrame, held: pd.DataFrame, profiles: pd.DataFrame, retrain: bool
) -> dict[str, Answer]:
    """By the name of each model that is installed."""
    asked = held[["user_id", "movie_id", "timestamp"]]
    found = {
        "item mean": bias_fold_in(train, given[:0], asked),
        "bias fold-in": bias_fold_in(train, given, asked),
    }
    peers = {name: RATING_PEERS[name] for name in RETRAINED if retrain and RATING_PEERS[name].is_here}
    return found | {
        f"{name}, retrained": retrained(peer, train, given, asked, profiles) for name, peer in peers.items()
    }
