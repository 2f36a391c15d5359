"""What is wrong with a gradient written by hand."""
