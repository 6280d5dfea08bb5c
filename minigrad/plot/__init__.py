"""Pictures. Only this package imports matplotlib, which takes longer than XOR: import it late."""
