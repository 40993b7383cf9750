"""The layers by kind, and the losses: what they hold are options and weights, what they do is in ``nn.functional``."""
