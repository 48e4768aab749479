"""images: which of my pictures looks most like this one, learned by triplet loss and searched with FAISS."""
