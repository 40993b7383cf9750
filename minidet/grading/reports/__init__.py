"""What is written about a batch: grades, tables, pages for students and for the instructor."""
