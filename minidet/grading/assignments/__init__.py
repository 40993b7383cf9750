"""What students get: an assignment's questions, its cells, and the release without solutions."""
