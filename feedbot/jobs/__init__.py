"""When and where the steps run, and what is told of them."""
