"""Where vectors are kept and searched: exactly while they are few, by short codes and true cosines when they are many.

The one to use is `Growing`; it is the other two in turn, and any thread may call it.
"""

from services.images.stores.base import Keys, Vectors, VectorStore
from services.images.stores.flat import Flat
from services.images.stores.growing import Growing
from services.images.stores.large import Large
from services.images.stores.measured import recall

__all__ = ["Flat", "Growing", "Keys", "Large", "VectorStore", "Vectors", "recall"]
