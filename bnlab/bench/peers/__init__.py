"""The weight-scale sweep as others write it: with PyTorch, with JAX, and as a course notebook does. Each is a program of
its own, `python -m bnlab.bench.peers.NAME TASK.json`, and uses nothing of bnlab's layers, nets or Solver.
"""
