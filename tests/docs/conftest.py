"""The solutions of the labs import each other by the names that they have in docs/lab."""

collect_ignore = ["lab_solutions"]
