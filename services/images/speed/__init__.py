"""What `bench` measures, a topic a file: embedding, searching."""
