"""What is measured beside minidet: PyTorch and ONNX Runtime, with the same networks, weights and pictures."""
