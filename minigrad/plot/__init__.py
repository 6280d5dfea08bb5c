"""Pictures. matplotlib is imported here alone, and takes longer than XOR to train: import late."""
