"""A trained network made smaller: its weights quantised, pruned, or learned by a student."""
