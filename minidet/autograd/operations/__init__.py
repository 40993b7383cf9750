"""The operations on tensors, by kind: each a Function with its gradient, and the public function that checks."""
