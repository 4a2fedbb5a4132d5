"""What is shown of a study: figures, tables and summaries. Studies say what; the modules here draw and write it."""
