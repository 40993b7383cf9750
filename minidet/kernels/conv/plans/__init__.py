"""What is found out about a convolution once for its shapes, then kept: where everything lies, and what computes it."""
