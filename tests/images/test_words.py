"""Pictures among the sentences: by what the classifier sees and by names that mean something."""

import pytest
import torch
import torch.nn.functional as F
from torch import Generator, Tensor, nn

from services.images.embedder import SENTENCES
from services.images.sentences import WIDTH, Sentences
from services.images.settings import Settings
from services.images.words import CLASSES, NAME, TEMPERATURE, TOP, ClassVectors, asked, phrase, spoken, with_names


@pytest.fixture(scope="module")
def sentences() -> Sentences:
    return Sentences(Settings().artifacts / SENTENCES)


def unit(seed: int, count: int) -> Tensor:
    return F.normalize(torch.randn(count, WIDTH, generator=Generator().manual_seed(seed)), dim=1)


def test_there_are_a_thousand_classes_in_imagenets_order() -> None:
    assert len(CLASSES) == 1000
    assert (CLASSES[0], CLASSES[948], CLASSES[999]) == ("tench", "Granny Smith", "toilet tissue")


def test_a_picture_is_the_expected_name_over_the_likeliest_classes() -> None:
    classifier, names = nn.Linear(8, 1000), unit(0, 1000)
    pooled = 20 * torch.rand(3, 8, generator=Generator().manual_seed(0))
    with torch.inference_mode():
        ours = ClassVectors(classifier, names)(pooled)
        for row, features in zip(ours, pooled, strict=True):
            chances = torch.softmax(classifier(features) / TEMPERATURE, 0)
            by_hand = sum(chances[place] * names[place] for place in chances.argsort(descending=True)[:TOP].tolist())
            torch.testing.assert_close(row, F.normalize(torch.as_tensor(by_hand), dim=0))


def test_a_picture_of_a_known_class_is_found_by_its_name(sentences: Sentences) -> None:
    classifier = nn.Linear(1000, 1000, bias=False)
    classifier.weight.data = 50 * torch.eye(1000)
    names = sentences.embed([phrase(f"a {name}") for name in CLASSES])
    places = [CLASSES.index(name) for name in ("banana", "bullet train", "zebra")]
    pictures = ClassVectors(classifier, names)(torch.eye(1000)[places]).detach()
    assert (pictures @ asked("a fruit", sentences)).argmax() == 0
    assert (pictures @ asked("a fast railway", sentences)).argmax() == 1


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("red apple", "red apple"),
        ("Red-Apple_02.jpg", "red apple"),
        ("ox", "ox"),
        ("IMG_1234.jpg", None),
        ("IMG-20240101-WA0001.jpg", None),
        ("DSC00017.JPG", None),
        ("PXL_20230805_101112.jpg", None),
        ("Screenshot 2024-01-01 at 10.11.12.png", None),
        ("1F34E.png", None),
        ("U+1FA75", None),
        ("3f2a9c1b7d.webp", None),
        ("550e8400-e29b-41d4-a716-446655440000", None),
        ("2024.png", None),
        ("사과", None),
        ("", None),
    ],
)
def test_a_name_is_heard_where_it_says_something(name: str, words: str | None) -> None:
    assert spoken(name) == words


def test_a_picture_without_a_meaningful_name_stays_as_it_is(sentences: Sentences) -> None:
    pictures = unit(0, 2)
    assert torch.equal(with_names(pictures, ["IMG_1234.jpg", ""], sentences), pictures)


def test_a_name_and_its_picture_are_one_unit_vector(sentences: Sentences) -> None:
    pictures = unit(0, 2)
    named = with_names(pictures, ["IMG_1.jpg", "red apple"], sentences)
    name = sentences.embed([phrase("a red apple")])[0]
    torch.testing.assert_close(named[0], pictures[0])
    torch.testing.assert_close(named[1], F.normalize((1 - NAME) * pictures[1] + NAME * name, dim=0))


def test_a_named_picture_is_found_by_a_word_of_the_same_meaning(sentences: Sentences) -> None:
    same = unit(0, 1).expand(3, WIDTH)
    named = with_names(same, ["strawberry.png", "steam locomotive.png", "guitar.png"], sentences)
    assert (named @ asked("a red fruit", sentences)).argmax() == 0
    assert (named @ asked("a musical instrument", sentences)).argmax() == 2
