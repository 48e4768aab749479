"""Pictures in the space of sentences, so that words find them: what ImageNet's classifier sees, and the file's name.

ConSE (Norouzi et al. 2013, arXiv:1312.5650): a picture is the mean of the sentence vectors of the class
names, weighted by the classifier's probabilities. It knows a thousand names; of a thing without one it knows only
what that looks like. English only, as the sentence encoder is.
"""

import re
from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torchvision.models import EfficientNet_B0_Weights

from services.images.sentences import Sentences

CLASSES: tuple[str, ...] = tuple(EfficientNet_B0_Weights.IMAGENET1K_V1.meta["categories"])  # the names; no weights
TEMPERATURE, TOP = 2.0, 50  # of the classifier's softmax, and how many of its classes are kept
NAME = 0.5  # weight of a name that means something, beside the picture; chosen on half of the pictographs' groups

# A camera's counter, a date, a hash, a code point: names that say nothing of what is shown.
WORD = re.compile(r"[a-z]{2,}")
COUNTED = re.compile(
    r"(img|image|dsc|dscn|dscf|dcim|pxl|mvimg|vid|pic|picture|photo|scan|screenshot|screen|shot|whatsapp|untitled|copy|"
    r"unnamed|download|fb|wa|dji|gopr|jpg|jpeg|png|gif|bmp|webp|at)"
)
HEX = re.compile(r"(u\+)?(?=[0-9a-f]*\d)[0-9a-f]{4,}")


def phrase(thing: str) -> str:
    """How things are put to the encoder, in the index and in a query alike."""
    return f"a photo of {thing}"


def spoken(name: str) -> str | None:
    """A name or file name as words, "red-apple_02.jpg" as "red apple"; None where it says nothing."""
    stem = re.sub(r"\.(jpe?g|png|webp|gif|bmp)$", "", name.lower())
    tokens = re.split(r"[\s_\-.,()\[\]]+", stem)
    words = [token.strip("0123456789") for token in tokens if not HEX.fullmatch(token)]
    words = [word for word in words if word and not COUNTED.fullmatch(word)]
    return " ".join(words) if any(WORD.search(word) for word in words) else None


def class_vectors(sentences: Sentences) -> Tensor:
    """The sentence vector of each class of ImageNet, (1000, 384)."""
    return sentences.embed([phrase(f"a {name}") for name in CLASSES])


class ClassVectors:
    """Pooled features of pictures, (N, C), to unit vectors among the sentences, (N, 384)."""

    def __init__(self, classifier: nn.Linear, names: Tensor) -> None:
        self.classifier, self.names = classifier, names  # names: (1000, 384), of `class_vectors`

    def __call__(self, pooled: Tensor) -> Tensor:
        probabilities, classes = (self.classifier(pooled) / TEMPERATURE).softmax(1).topk(TOP, dim=1)  # (N, 50) each
        return F.normalize(torch.einsum("nt,ntd->nd", probabilities, self.names[classes]), dim=1)


def with_names(pictures: Tensor, names: Sequence[str], sentences: Sentences) -> Tensor:
    """Unit vectors (N, 384) of pictures and their names together; of the picture alone where the name says nothing."""
    heard = [(row, phrase(f"a {words}")) for row, name in enumerate(names) if (words := spoken(name))]
    if not heard:
        return pictures
    rows = torch.tensor([row for row, _ in heard])
    named = pictures.clone()
    named[rows] = (1 - NAME) * pictures[rows] + NAME * sentences.embed([words for _, words in heard]).to(pictures)
    return F.normalize(named, dim=1)


def asked(text: str, sentences: Sentences) -> Tensor:
    """The unit vector (384,) of a query such as "a red fruit"."""
    return sentences.embed([phrase(text)])[0]
