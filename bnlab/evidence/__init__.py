"""What a study's runs show: claims stated beforehand, intervals on paired differences, verdicts.

`traces` and `measures` make one number of a run, `reductions` one number of a curve of runs, `claims` says what is held
against what, `verdicts` has the rules, `judge` goes from the runs to the findings, `sentences` puts them into words.
Nothing here knows a study.
"""
