"""What `bench` measures, a topic a file: lists and pairs, requests, training, growth."""
