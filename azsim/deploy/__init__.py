"""Networks on a device: where their weights stay, what each program costs, and speech played on them."""
