"""Experiments: a folder for each report of ``reports/``, run by ``python -m experiments.NAME`` in this folder's parent.

A folder holds what its report needs: ``__main__.py``, the modules beside it, the TOML file that it reads, small data.
``studies`` has what several share; ``speech`` and ``music`` are the shipped recordings. The modules here make no report
of their own: all of them again (``all``), a table of the documents (``area``), the tables of the README (``readme``),
every training (``trainings``).
"""
