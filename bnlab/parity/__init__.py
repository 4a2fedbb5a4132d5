"""Is what we see a property of the method or of our implementation? Every layer, update rule, net and whole trainings on
other frameworks beside ours, and by how much they differ.

`on_torch.py` and `on_tensorflow.py` are written as those frameworks' users write it, from their own functions; the rest
knows no framework.
"""
